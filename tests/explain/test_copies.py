from copy import deepcopy

import torch
from torch import nn

from bidsapp.explain.copies import own_copy


def test_a_copy_of_a_network_with_channels_last_is_as_exact_as_single_precision_allows():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv3d(1, 2, 1), nn.BatchNorm3d(2, track_running_stats=False))
    network = nn.Module.to(layers, memory_format=torch.channels_last_3d)
    image = 1 + 2 * torch.randn(1, 1, 64, 64, 64)
    with torch.no_grad():
        expected = deepcopy(network).double()(image.double())
        found = own_copy(network)(image)
    assert (found - expected).abs().max() < 1e-5
