import pytest
import torch

from bidsapp.errors import BadDataError
from bidsapp.networks.slice_autoencoders import SliceAutoEncoder, VariationalSliceAutoEncoder
from bidsapp.networks.slices import SliceShape, as_vectors, at_every_voxel

KINDS = [SliceAutoEncoder, VariationalSliceAutoEncoder]


@pytest.mark.parametrize("kind", KINDS)
def test_slices_of_any_size_are_drawn_and_described_at_every_voxel(kind):
    torch.manual_seed(0)
    network, stack = kind(SliceShape(channels=2)).eval(), torch.rand(9, 2, 33, 41)
    places = torch.tensor([[0, 0, 0], [32, 40, 8], [10, 20, 3]])
    with torch.inference_mode():
        drawn = network(stack)[0]
        assert drawn.shape == stack.shape
        assert network.encode_dense(stack).shape == (9, 16, 33, 41)
        x, y, z = places.T
        expected = (drawn - stack).square()[z, :, x, y]
        torch.testing.assert_close(network.reconstruction_error(stack, places), expected)


def test_codes_hold_less_than_a_quarter_of_the_slice():
    codes = SliceAutoEncoder(SliceShape()).eval().encoder(torch.rand(1, 1, 96, 112))
    assert [tuple(code.shape[1:]) for code in codes] == [(2, 24, 28), (4, 12, 14), (10, 6, 7)]
    assert sum(code.numel() for code in codes) < 96 * 112 / 4


def test_a_code_is_brought_to_the_voxels_that_it_describes():
    fine, coarse = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 2, 2)
    fine[0, 0, 2, 5] = 1
    coarse[0, 0, 1, 0] = 1
    dense = at_every_voxel([fine, coarse], torch.Size((30, 32)))
    assert dense.shape == (1, 2, 30, 32)
    assert dense[0, 0, 8:12, 20:24].min() > 0.3
    assert dense[0, 0, 16:, :].max() == 0
    assert dense[0, 1, 28, 2] == 1
    vectors = as_vectors([fine, coarse]).reshape(8, 8, 2)
    assert vectors[2, 5].tolist() == [1, 0]
    assert vectors[5, 3].tolist() == [0, 1]


def test_too_short_a_latent_vector_is_refused():
    with pytest.raises(BadDataError, match="8 latent numbers or more, not 4"):
        SliceShape(latent=4)
