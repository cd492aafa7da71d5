import pytest
import torch

from bidsapp.analyses.anomaly.representations import SLICE_NAMES, representation
from bidsapp.analyses.anomaly.representations.sampling import SlicePairs
from bidsapp.networks.slices import SliceShape


def slices_of(volumes, steps, seed=0):
    return SlicePairs(volumes, torch.arange(32), pairs=4, steps=steps, seed=seed)


@pytest.mark.parametrize("name", SLICE_NAMES)
def test_each_learns_to_draw_slices_better_than_their_mean(name, volumes, train):
    kind = representation(name, {"weight": 1e-3} if name == "wasserstein" else {})
    network = train(kind, slices_of(volumes, 60), SliceShape())
    slices = torch.cat([batch.pairs.flatten(0, 1) for batch in slices_of(volumes, 4, seed=9)])
    with torch.inference_mode():
        error = (network(slices)[0] - slices).square().mean()
    assert error < 0.6 * slices.var(dim=0).mean()


def test_siamese_training_pulls_the_same_voxel_of_two_people_together(volumes, train):
    kind = representation("siamese", {"alpha": 1.0})
    torch.manual_seed(0)
    untrained = kind.network(SliceShape()).eval()
    trained = train(kind, slices_of(volumes, 60), SliceShape())
    first, second = next(iter(slices_of(volumes, 1, seed=9))).pairs

    def contrast(network):
        with torch.inference_mode():
            one, two = (network.encode_dense(side).movedim(1, -1).flatten(0, 2) for side in (first, second))
        centred = torch.cat([one, two]).mean(dim=0)
        cosine = torch.nn.functional.cosine_similarity
        order = torch.randperm(len(two), generator=torch.Generator().manual_seed(0))
        near, far = (cosine(one - centred, item - centred).mean() for item in (two, two[order]))
        return float(near - far)

    assert contrast(trained) > contrast(untrained) + 0.05
