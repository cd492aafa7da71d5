import pytest
import torch

from bidsapp.networks.patches import patches_at
from bidsapp.networks.surroundings import pooled_volume, positions_of, surroundings_at, with_centre


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_surrounding_is_the_pooled_neighbourhood_of_45_voxels(dimensions):
    torch.manual_seed(0)
    volume = torch.rand(1, 50, 50, 50)
    place = torch.tensor([[24, 25, 23]])
    found = surroundings_at(pooled_volume(volume, dimensions), place, dimensions)[0, 0]
    if dimensions == 2:
        expected = volume[0, 2:47, 3:48, 23].reshape(15, 3, 15, 3).mean((1, 3))
    else:
        expected = volume[0, 2:47, 3:48, 1:46].reshape(15, 3, 15, 3, 15, 3).mean((1, 3, 5))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_patch_put_back_into_its_surrounding_changes_nothing_and_blank_is_blank(dimensions):
    volume, places = torch.rand(2, 20, 22, 24), torch.tensor([[7, 9, 8], [10, 11, 12]])
    around = surroundings_at(pooled_volume(volume, dimensions), places, dimensions)
    patches = patches_at(volume, places, dimensions)
    torch.testing.assert_close(with_centre(around, patches), around)
    blank = with_centre(around, None)
    middle = (..., *[slice(5, 10)] * dimensions)
    assert blank[middle].abs().sum() == 0
    assert torch.equal(with_centre(blank, patches), with_centre(around, patches))
    assert around[middle].abs().sum() > 0


def test_positions_run_from_minus_one_to_one():
    found = positions_of(torch.tensor([[0, 0, 0], [4, 8, 2], [2, 4, 1]]), torch.Size((5, 9, 3)))
    assert found.tolist() == [[-1, -1, -1], [1, 1, 1], [0, 0, 0]]
