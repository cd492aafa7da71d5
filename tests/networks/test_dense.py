import pytest
import torch

from bidsapp.networks.autoencoders import AutoEncoder, VariationalAutoEncoder
from bidsapp.networks.contextual import ContextualGAN
from bidsapp.networks.dense import AdversarialNetwork
from bidsapp.networks.gans import PatchGAN
from bidsapp.networks.patches import PatchShape, patches_at
from bidsapp.networks.slice_autoencoders import VariationalSliceAutoEncoder
from bidsapp.networks.slices import SliceShape
from bidsapp.networks.surroundings import pooled_volume, positions_of, surroundings_at

FLAT = PatchShape(channels=2, latent=4)
CUBE = PatchShape(channels=2, dimensions=3, latent=4)
BUILD = [
    AutoEncoder,
    VariationalAutoEncoder,
    lambda shape: PatchGAN(shape, joint=True),
    lambda shape: PatchGAN(shape, joint=False),
    ContextualGAN,
]
PLACES = torch.tensor([[0, 0, 0], [9, 8, 3], [15, 2, 5], [4, 13, 11]])


def example(build, shape):
    torch.manual_seed(0)
    network, volume = build(shape).eval(), torch.rand(2, 16, 14, 12)
    images = volume.movedim(-1, 0) if shape.dimensions == 2 else volume[None]
    return network, volume, images


def conditions(volume, dimensions):
    around = surroundings_at(pooled_volume(volume, dimensions), PLACES, dimensions)
    return around, positions_of(PLACES, volume.shape[1:])


def at_places(images, dimensions):
    x, y, z = PLACES.T
    return images[z, :, x, y] if dimensions == 2 else images[0, :, x, y, z].T


@pytest.mark.parametrize("shape", [FLAT, CUBE], ids=["2d", "3d"])
@pytest.mark.parametrize("build", BUILD)
def test_reconstruction_error_is_that_of_each_drawn_patch(build, shape):
    network, volume, images = example(build, shape)
    patches = patches_at(volume, PLACES, shape.dimensions)
    given = conditions(volume, shape.dimensions) if build is ContextualGAN else ()
    with torch.inference_mode():
        expected = (network(patches, *given)[0] - patches).square().flatten(2).mean(2)
        found = network.reconstruction_error(images, PLACES)
        assert network.encode_dense(images).shape == (len(images), 4, *images.shape[2:])
    assert found.shape == (4, 2)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


def test_reconstruction_error_does_not_depend_on_blocks(monkeypatch):
    network, _, images = example(AutoEncoder, FLAT)
    with torch.inference_mode():
        whole = network.reconstruction_error(images, PLACES)
        monkeypatch.setattr("bidsapp.networks.patch_network.BLOCK_VALUES", 1)
        assert network.block_places == 1
        torch.testing.assert_close(network.reconstruction_error(images, PLACES), whole)
        assert network.reconstruction_error(images, PLACES[:0]).shape == (0, 2)


@pytest.mark.parametrize("shape", [FLAT, CUBE], ids=["2d", "3d"])
@pytest.mark.parametrize("build", BUILD[2:])
def test_the_critics_features_of_an_image_are_those_of_its_patches(build, shape):
    network, volume, images = example(build, shape)
    patches = patches_at(volume, PLACES, shape.dimensions)
    assert isinstance(network, AdversarialNetwork)
    with torch.inference_mode():
        found = at_places(network.discriminate_dense(images), shape.dimensions)
        if build is ContextualGAN:
            around, _ = conditions(volume, shape.dimensions)
            single = torch.cat([network.local.features(patches), network.broad.features(around)], dim=1)
        else:
            single = network.critic.features(patches)
    if shape.dimensions == 2:
        assert torch.equal(found, single)
    torch.testing.assert_close(found, single, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("build", "shape"),
    [(VariationalAutoEncoder, PatchShape()), (VariationalSliceAutoEncoder, SliceShape())],
    ids=["patch", "slice"],
)
def test_the_variance_of_a_variational_network_is_that_of_its_encoder(build, shape):
    torch.manual_seed(0)
    network = build(shape).eval()
    images = torch.rand(3, 1, 48, 48)
    with torch.inference_mode():
        spread = network.log_variance_dense(images)
        assert spread.shape == network.encode_dense(images).shape
        assert spread.abs().max() <= 10
        if isinstance(shape, PatchShape):
            patch = images[1, :, 17:32, 17:32][None]  # around voxel 24, 24
            assert torch.allclose(spread[1, :, 24, 24], network(patch)[2][0], atol=1e-5)
