import pytest
import torch
from torch import nn

from bidsapp.explain.norms import merge, scale_and_shift


def norms():
    running = nn.BatchNorm3d(6)
    running.running_mean.normal_()
    running.running_var.uniform_(0.5, 2)
    return {
        "instance": nn.InstanceNorm3d(6, affine=True),
        "instance-plain": nn.InstanceNorm3d(6),
        "group": nn.GroupNorm(3, 6),
        "batch": nn.BatchNorm3d(6, track_running_stats=False),
        "batch-running": running,
    }


@pytest.mark.parametrize("name", norms())
@pytest.mark.parametrize(
    "convolution",
    [
        nn.Conv3d(4, 6, 3, padding=1),
        nn.Conv3d(4, 6, 3, groups=2, bias=False),
        nn.ConvTranspose3d(4, 6, 2, stride=2),
        nn.ConvTranspose3d(4, 6, 2, stride=2, groups=2),
    ],
)
def test_merged_and_apart_give_the_same(name, convolution):
    torch.manual_seed(0)
    norm = norms()[name].eval()
    for weight in norm.parameters():
        nn.init.normal_(weight)
    image = torch.randn(1, 4, 5, 6, 7)
    with torch.no_grad():
        values = convolution(image)
        expected = norm(values)
        merge(convolution, *scale_and_shift(norm, values))
        torch.testing.assert_close(convolution(image), expected, rtol=1e-4, atol=1e-4)
