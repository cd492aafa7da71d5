import pytest
import torch
from scipy import ndimage

from bidsapp.analyses.anomaly.representations import NAMES, representation
from bidsapp.analyses.anomaly.representations.sampling import PatchPairs
from bidsapp.errors import BadDataError
from bidsapp.networks.patches import PatchShape

SHAPE = PatchShape()


@pytest.fixture(scope="module")
def volumes():
    """Twelve people: one shared anatomy, and smooth noise of their own."""
    torch.manual_seed(0)
    anatomy = torch.from_numpy(ndimage.gaussian_filter(torch.rand(32, 32, 32).numpy(), 3))
    anatomy = (anatomy - anatomy.mean()) / anatomy.std()
    own = torch.randn(12, 32, 32, 32) * 0.3
    return (anatomy + own)[:, None]


def pairs_of(volumes, *, steps, seed=0, start=0, pairs=128):
    places = torch.cartesian_prod(*[torch.arange(8, 24)] * 3)
    return PatchPairs(volumes, places, dimensions=2, pairs=pairs, steps=steps, seed=seed, start=start)


def train(kind, volumes, steps=150):
    torch.manual_seed(0)
    network = kind.network(SHAPE)
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    for pairs in pairs_of(volumes, steps=steps):
        optimiser.zero_grad()
        kind.loss(network, pairs).backward()
        optimiser.step()
    return network.eval()


def test_a_batch_shows_the_same_places_of_two_people_and_depends_on_its_number_alone(volumes):
    first, second = pairs_of(volumes, steps=3), pairs_of(volumes, steps=3, start=2)
    batches = list(first)
    assert batches[0].shape == (2, 128, 1, 15, 15)
    assert torch.equal(batches[2], next(iter(second)))
    a, b = batches[0]
    assert torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1] > 0.8
    assert not torch.equal(a, b)


@pytest.mark.parametrize("name", NAMES)
def test_each_representation_learns_to_draw_patches_better_than_their_mean(name, volumes):
    network = train(representation(name, {}), volumes)
    patches = next(iter(pairs_of(volumes, steps=1, seed=9))).flatten(0, 1)
    with torch.inference_mode():
        error = (network(patches)[0] - patches).square().mean()
    assert error < 0.5 * patches.var(dim=0).mean()


def test_siamese_training_pulls_the_same_place_of_two_people_together(volumes):
    kind = representation("siamese", {"alpha": 0.5})
    torch.manual_seed(0)
    untrained, trained = kind.network(SHAPE).eval(), train(kind, volumes)
    pairs = next(iter(pairs_of(volumes, steps=1, seed=9)))

    def contrast(network):
        with torch.inference_mode():
            first, second = (network.encoder(side) for side in pairs)
        centred = torch.cat([first, second]).mean(dim=0)
        cosine = torch.nn.functional.cosine_similarity
        near = cosine(first - centred, second - centred).mean()
        far = cosine(first - centred, second.roll(1, 0) - centred).mean()
        return float(near - far)

    assert contrast(trained) > contrast(untrained) + 0.05


def test_wasserstein_features_are_nearer_to_the_prior_than_a_plain_auto_encoders(volumes):
    patches = next(iter(pairs_of(volumes, steps=1, seed=9))).flatten(0, 1)

    def spread(name, options):
        network = train(representation(name, options), volumes)
        with torch.inference_mode():
            latent = network.encoder(patches)
        return float((latent.var(dim=0) - 1).abs().mean() + latent.mean(dim=0).abs().mean())

    assert spread("wasserstein", {"weight": 1.0}) < 0.7 * spread("autoencoder", {})


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [("magic", {}, "no representation 'magic'"), ("siamese", {"beta": 1}, "Representation siamese")],
)
def test_what_does_not_exist_is_refused(name, options, sentence):
    with pytest.raises(BadDataError, match=sentence):
        representation(name, options)
