import pytest
import torch

from bidsapp.analyses.anomaly.representations import NAMES, SLICE_NAMES, representation
from bidsapp.errors import BadDataError
from bidsapp.networks.patches import PatchShape
from bidsapp.networks.slices import SliceShape


@pytest.mark.parametrize("name", SLICE_NAMES)
def test_each_auto_encoder_learns_to_draw_patches_better_than_their_mean(name, pairs_of, train):
    network = train(representation(name, {}), pairs_of(steps=150, pairs=64))
    patches = next(iter(pairs_of(steps=1, seed=9))).pairs.flatten(0, 1)
    with torch.inference_mode():
        error = (network(patches)[0] - patches).square().mean()
    assert error < 0.5 * patches.var(dim=0).mean()


def test_siamese_training_pulls_the_same_place_of_two_people_together(pairs_of, train):
    kind = representation("siamese", {"alpha": 0.5})
    torch.manual_seed(0)
    untrained, trained = kind.network(PatchShape()).eval(), train(kind, pairs_of(steps=150, pairs=64))
    pairs = next(iter(pairs_of(steps=1, seed=9))).pairs

    def contrast(network):
        with torch.inference_mode():
            first, second = (network.encoder(side) for side in pairs)
        centred = torch.cat([first, second]).mean(dim=0)
        cosine = torch.nn.functional.cosine_similarity
        near = cosine(first - centred, second - centred).mean()
        far = cosine(first - centred, second.roll(1, 0) - centred).mean()
        return float(near - far)

    assert contrast(trained) > contrast(untrained) + 0.05


def test_wasserstein_features_are_nearer_to_the_prior_than_a_plain_auto_encoders(pairs_of, train):
    patches = next(iter(pairs_of(steps=1, seed=9))).pairs.flatten(0, 1)

    def spread(name, options):
        network = train(representation(name, options), pairs_of(steps=150, pairs=64))
        with torch.inference_mode():
            latent = network.encoder(patches)
        return float((latent.var(dim=0) - 1).abs().mean() + latent.mean(dim=0).abs().mean())

    assert spread("wasserstein", {"weight": 1.0}) < 0.7 * spread("autoencoder", {})


@pytest.mark.parametrize("name", NAMES)
def test_losses_in_mixed_precision_are_those_in_single(name, pairs_of):
    kind = representation(name, {})
    batch = next(iter(pairs_of(steps=1, pairs=16, context=kind.context)))
    torch.manual_seed(0)
    network = kind.network(PatchShape(latent=4))
    found = []
    for mixed in (False, True):
        torch.manual_seed(0)
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            loss = kind.loss(network, batch)
        loss.backward()
        found.append(loss.item())
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in network.parameters())
    assert found[1] == pytest.approx(found[0], rel=0.1, abs=0.05)


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("magic", {}, "no representation 'magic'"),
        ("siamese", {"beta": 1}, "Representation siamese"),
        ("siamese", {"training": "slow"}, "joint or stacked, not 'slow'"),
    ],
)
def test_what_does_not_exist_is_refused(name, options, sentence):
    with pytest.raises(BadDataError, match=sentence):
        representation(name, options)


@pytest.mark.parametrize(
    ("name", "options"),
    [*((name, {}) for name in NAMES if name not in SLICE_NAMES), ("siamese", {"training": "stacked"})],
)
def test_what_is_for_patches_alone_refuses_slices(name, options):
    with pytest.raises(BadDataError, match=r"for patches, not for slices"):
        representation(name, options).network(SliceShape())
