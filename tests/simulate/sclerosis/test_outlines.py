import numpy as np
import pytest
import torch

from bidsapp.simulate.sclerosis.anatomy import Region
from bidsapp.simulate.sclerosis.outlines import LesionMasks, room, scatter, spread, transfer


@pytest.fixture(scope="module")
def masks() -> LesionMasks:
    """One patient with a lesion at MNI (8, 0, 0), of 5 mm, on a 1 mm grid from -20 on."""
    mask = torch.zeros(40, 40, 40, dtype=torch.uint8)
    mask[26:31, 18:23, 18:23] = 1
    to_voxel = torch.eye(4)
    to_voxel[:3, 3] = 20.0
    return LesionMasks(("a",), (mask,), to_voxel)


def test_a_real_lesion_lands_at_its_mni_place_on_either_side(anatomy, masks):
    centres = []
    for seed in range(12):
        moved = transfer(np.random.default_rng(seed), anatomy, masks)
        where = (moved >= 0.5).nonzero().float()
        centres.append(where.mean(0) - 20 if len(where) else torch.full((3,), torch.nan))
    x = torch.stack(centres)[:, 0]
    assert float(x.abs().nanmedian()) == pytest.approx(8, abs=3)
    assert bool((x > 4).any())
    assert bool((x < -4).any())


def test_lesions_spare_ventricles_and_what_is_outside(anatomy, masks):
    rng = np.random.default_rng(0)
    drawn = torch.maximum(transfer(rng, anatomy, masks), scatter(rng, anatomy, 60))
    assert float(drawn[anatomy.region == Region.VENTRICLES].max()) == 0
    assert float(drawn[~anatomy.brain].max()) < 1e-5
    assert bool((drawn <= room(anatomy) + 1e-6).all())


def test_none_is_asked_for_and_none_is_grown(anatomy):
    assert float(scatter(np.random.default_rng(0), anatomy, 0).max()) == 0


def test_patients_left_out_take_their_outlines_with_them(masks):
    assert masks.without(["a"]) is None
    kept = masks.without(["b"])
    assert kept is not None
    assert kept.names == ("a",)


def test_lesions_grow_together_through_white_matter_alone(anatomy):
    """Two lesions 4 mm apart; nothing is lost, and nothing new lies in fluid or cortex."""
    fraction = torch.zeros(anatomy.shape)
    fraction[18:22, 26:28, 18:22] = 1
    fraction[18:22, 30:32, 18:22] = 1
    grown = spread(np.random.default_rng(3), anatomy, fraction)
    assert bool((grown >= fraction).all())
    new = (grown >= 0.5) & (fraction == 0)
    assert int(new.sum()) > 20
    assert float(anatomy.wm[new].min()) >= 0.5
