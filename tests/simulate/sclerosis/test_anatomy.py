import torch

from bidsapp.simulate.sclerosis.anatomy import Region, show


def test_an_example_that_does_not_move_shows_the_head_as_it_is(head, anatomy):
    assert torch.allclose(anatomy.t1w, head.t1w / 100, atol=1e-4)
    assert torch.equal(anatomy.region, head.region)
    assert torch.equal(anatomy.wm > 0.5, head.tissue[1] > 127)


def test_positions_between_the_stored_ones_are_interpolated(anatomy):
    assert torch.allclose(anatomy.position[:, 21, 22, 23], torch.tensor([1.0, 2.0, 3.0]), atol=1e-4)


def test_what_lies_beyond_the_head_is_not_brain(head):
    points = torch.full((2, 2, 2, 3), 500.0)
    assert not show(head, points).brain.any()


def test_fractions_of_tissue_add_up_to_the_brain(anatomy):
    total = anatomy.gm + anatomy.wm + anatomy.csf
    assert float(total.max()) <= 1 + 1e-5
    assert bool(anatomy.brain[20, 20, 20])
    assert anatomy.region[20, 20, 20] == Region.VENTRICLES
