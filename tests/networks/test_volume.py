import pytest
import torch

from bidsapp.networks.volume import SparseVolumeEncoder, VolumeEncoder

KINDS = [VolumeEncoder, SparseVolumeEncoder]


@pytest.mark.parametrize("kind", KINDS)
def test_volumes_of_any_size_get_a_code_that_does_not_depend_on_the_others(kind):
    torch.manual_seed(0)
    encoder = kind(width=12, filters=(4, 8)).eval()
    volumes = torch.randn(3, 1, 13, 10, 9) * (torch.rand(3, 1, 13, 10, 9) < 0.1)
    volumes[1] = 0
    codes = encoder(volumes)
    assert codes.shape == (3, 12)
    torch.testing.assert_close(encoder(volumes[:1]), codes[:1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_lesion_moved_elsewhere_changes_the_code(kind):
    torch.manual_seed(0)
    encoder = kind(width=12, filters=(4, 8)).eval()
    volumes = torch.zeros(2, 1, 24, 24, 24)
    volumes[0, :, 4:8, 4:8, 4:8] = 1
    volumes[1, :, 16:20, 12:16, 8:12] = 1
    codes = encoder(volumes)
    assert (codes[0] - codes[1]).abs().max() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_learns_a_score_that_depends_on_where_and_how_large_a_lesion_is(kind):
    torch.manual_seed(0)
    count = 32
    volumes, scores = torch.zeros(count, 1, 16, 16, 16), []
    for number, volume in enumerate(volumes):
        x, side = (2, 10)[number % 2], 2 + number // 2 % 3
        volume[:, x : x + side, 6 : 6 + side, 6 : 6 + side] = 1
        scores.append(
            (1.0, -1.0)[number % 2] * side
        )  # the same lesion to the left and right: opposite scores
    target = torch.tensor(scores) / 3
    encoder, head = kind(width=8, filters=(4, 8)), torch.nn.Linear(8, 1)
    optimiser = torch.optim.Adam([*encoder.parameters(), *head.parameters()], 0.01)
    for _ in range(25):
        optimiser.zero_grad()
        loss = (head(encoder(volumes))[:, 0] - target).square().mean()
        loss.backward()
        optimiser.step()
    assert loss < 0.1 * target.square().mean()
