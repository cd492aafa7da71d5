import pytest
import torch
from torch import nn

from bidsapp.errors import BadDataError
from bidsapp.networks.sparse import SparseVolumes, convolve
from bidsapp.networks.sparse_layers import (
    SparseActivation,
    SparseBatchNorm,
    SparseConv3d,
    SparsePool,
    SubmanifoldConv3d,
)

LAYERS = {
    "submanifold": lambda: SubmanifoldConv3d(2, 5),
    "submanifold, width 5": lambda: SubmanifoldConv3d(2, 5, 5, bias=False),
    "stride 2": lambda: SparseConv3d(2, 5),
    "stride 2, width 2": lambda: SparseConv3d(2, 5, 2, padding=0),
    "stride 3, width 5": lambda: SparseConv3d(2, 5, 5, stride=3, padding=2),
}


def scattered(occupancy=0.2, channels=2, batch=3, size=(7, 9, 8)):
    torch.manual_seed(0)
    active = torch.rand(batch, *size) < occupancy
    active[1] = False
    return torch.randn(batch, channels, *size) * active[:, None], active


def at(dense, sites):
    image, x, y, z = sites.coordinates.T
    return dense[image, :, x, y, z]


def test_a_volume_survives_the_way_to_sites_and_back():
    volumes, active = scattered()
    sparse = SparseVolumes.from_dense(volumes)
    assert torch.equal(sparse.dense(), volumes)
    assert torch.equal(sparse.sites.coordinates, active.nonzero())
    assert sparse.sites.counts.tolist() == active.sum(dim=(1, 2, 3)).tolist()


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("occupancy", [0.02, 0.2, 1.0])
def test_sparse_convolution_equals_dense_where_its_sites_are_with_gradients(name, occupancy):
    layer = LAYERS[name]()
    volumes, active = scattered(occupancy)
    dense = nn.Conv3d(2, 5, layer.kernel_size, layer.stride, layer.padding, bias=layer.bias is not None)
    dense.load_state_dict(layer.state_dict())
    own, theirs = volumes.clone().requires_grad_(), volumes.clone().requires_grad_()

    found = layer(SparseVolumes.from_dense(own, active))
    expected = at(dense(theirs), found.sites)
    torch.testing.assert_close(found.features, expected, atol=1e-5, rtol=0)

    direction = torch.randn_like(expected)
    (found.features * direction).sum().backward()
    (expected * direction).sum().backward()
    torch.testing.assert_close(own.grad, theirs.grad * active[:, None], atol=1e-5, rtol=0)
    for parameter, other in zip(layer.parameters(), dense.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, other.grad, atol=1e-4, rtol=1e-5)


def test_gradients_agree_with_finite_differences_in_double_precision():
    volumes, active = scattered(0.1, size=(3, 4, 3))
    sparse = SparseVolumes.from_dense(volumes, active)
    features = torch.randn(len(sparse.features), 2, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 2, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda values, matrix: convolve(sparse.with_features(values), matrix).features, (features, weight)
    )


@pytest.mark.parametrize("stride", [1, 2])
def test_the_output_has_a_site_exactly_where_one_is_asked_for(stride):
    volumes, active = scattered(0.05)
    layer = SubmanifoldConv3d(2, 5) if stride == 1 else SparseConv3d(2, 5)
    found = layer(SparseVolumes.from_dense(volumes)).sites
    reach = nn.functional.conv3d(active[:, None].float(), torch.ones(1, 1, 3, 3, 3), stride=2, padding=1)
    expected = active if stride == 1 else reach[:, 0] > 0
    assert torch.equal(found.coordinates, expected.nonzero())


def test_normalisation_is_that_of_all_active_voxels_together():
    volumes, active = scattered()
    own, known = SparseBatchNorm(2), nn.BatchNorm1d(2)
    sparse = SparseVolumes.from_dense(volumes)
    for _ in range(2):
        found, expected = own(sparse), known(volumes.movedim(1, -1)[active])
        torch.testing.assert_close(found.features, expected)
    torch.testing.assert_close(own.eval()(sparse).features, known.eval()(sparse.features))
    torch.testing.assert_close(own.running_var, known.running_var)


@pytest.mark.parametrize("sites", [0, 1])
def test_normalisation_of_a_batch_without_variance_uses_and_keeps_what_is_known(sites):
    volumes = torch.zeros(1, 2, 4, 4, 4)
    volumes[:, :, :sites, 0, 0] = 3.0
    layer = SparseBatchNorm(2, eps=0)
    features = layer(SparseVolumes.from_dense(volumes)).features
    assert torch.equal(features, torch.full((sites, 2), 3.0))
    assert torch.equal(layer.running_mean, torch.zeros(2))


def test_pooling_sees_sites_alone_and_gives_zeros_for_a_volume_without_any():
    volumes, active = scattered()
    volumes = volumes - 5.0 * active[:, None]
    pooled = SparsePool()(SparseVolumes.from_dense(volumes))
    inside = volumes[0].movedim(0, -1)[active[0]]
    expected = torch.cat([inside.mean(0), inside.amax(0), inside.new_tensor([len(inside)]).log1p()])
    torch.testing.assert_close(pooled[0], expected)
    assert torch.equal(pooled[1], torch.zeros(5))


def test_a_batch_without_any_site_runs_and_has_gradients():
    network = nn.Sequential(SubmanifoldConv3d(1, 4), SparseBatchNorm(4), SparseConv3d(4, 4), SparsePool())
    vectors = network(SparseVolumes.from_dense(torch.zeros(2, 1, 5, 5, 5)))
    vectors.sum().backward()
    assert torch.equal(vectors, torch.zeros(2, 9))
    assert torch.equal(network[0].weight.grad, torch.zeros_like(network[0].weight))


def test_an_even_submanifold_kernel_is_refused():
    with pytest.raises(BadDataError, match="odd width, not 2"):
        SubmanifoldConv3d(1, 1, 2)


def test_a_sparse_network_learns_how_far_lesions_reach():
    torch.manual_seed(0)
    volumes = torch.zeros(24, 1, 8, 8, 8)
    lengths = torch.arange(24) % 6 + 1
    for volume, length in zip(volumes, lengths, strict=True):
        volume[0, 1 : 1 + length, 3:5, 3:5] = 1
    target = (lengths - lengths.float().mean()) / lengths.float().std()
    network = nn.Sequential(
        SubmanifoldConv3d(1, 4),
        SparseBatchNorm(4),
        SparseActivation(nn.GELU()),
        SparseConv3d(4, 8),
        SparseActivation(nn.GELU()),
        SparsePool(),
        nn.Linear(17, 1),
    )
    optimiser = torch.optim.Adam(network.parameters(), 0.03)
    sparse = SparseVolumes.from_dense(volumes)
    for _ in range(40):
        optimiser.zero_grad()
        loss = (network(sparse)[:, 0] - target).square().mean()
        loss.backward()
        optimiser.step()
    assert loss < 0.1 * target.square().mean()
