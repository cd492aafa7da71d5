import pytest
import torch

from bidsapp.networks.patches import PatchDecoder, PatchEncoder, PatchShape, patches_at

SHAPES = [PatchShape(), PatchShape(channels=3, latent=8), PatchShape(channels=2, dimensions=3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_patch_becomes_a_vector_and_a_patch_again(shape):
    patches = torch.rand(5, shape.channels, *shape.size)
    latent = PatchEncoder(shape)(patches)
    assert latent.shape == (5, shape.latent)
    assert PatchDecoder(shape)(latent).shape == patches.shape


@pytest.mark.parametrize("shape", SHAPES)
def test_encoding_a_volume_at_once_equals_patch_by_patch(shape):
    torch.manual_seed(0)
    encoder = PatchEncoder(shape).eval()
    for norm in encoder.norms:
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.5, 2)
    volume = torch.rand(shape.channels, 20, 18, 16)
    centres = torch.cartesian_prod(torch.arange(20), torch.arange(18), torch.tensor([3, 9]))
    with torch.inference_mode():
        single = encoder(patches_at(volume, centres, shape.dimensions))
        slices = volume.movedim(-1, 0) if shape.dimensions == 2 else volume[None]
        dense = encoder.dense(slices)
    dense = dense.movedim(0, -1) if shape.dimensions == 2 else dense[0]
    x, y, z = centres.T
    found = dense[:, x, y, z].T
    assert torch.equal(found, single) if shape.dimensions == 2 else torch.allclose(found, single, atol=1e-6)


def test_a_patch_is_centred_on_its_voxel_and_zero_beyond_the_border():
    volume = torch.arange(20 * 20 * 20, dtype=torch.float32).reshape(1, 20, 20, 20)
    flat = patches_at(volume, torch.tensor([[10, 9, 8], [0, 0, 0]]), 2)
    assert flat.shape == (2, 1, 15, 15)
    assert flat[0, 0, 7, 7] == volume[0, 10, 9, 8]
    assert flat[0, 0, 8, 7] == volume[0, 11, 9, 8]
    assert flat[1, 0, :7].abs().sum() == 0
    cube = patches_at(volume, torch.tensor([[10, 9, 8]]), 3)
    assert torch.equal(cube[0, 0], volume[0, 3:18, 2:17, 1:16])
