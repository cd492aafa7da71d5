import pytest
import torch

from bidsapp.errors import BadDataError
from bidsapp.networks.temporal import SeriesEncoder, time_features


def pet_frames(count):
    durations = torch.tensor([10.0, 30.0, 60.0, 300.0]).repeat_interleave(-(-count // 4))[:count]
    return durations.cumsum(0) - durations / 2, durations


def series(count, regions=5):
    times, durations = pet_frames(count)
    return torch.randn(1, count, regions), times[None], durations[None], torch.ones(1, count).bool()


def padded(parts, frames, filling):
    """Put frames behind each other into a batch, real ones first and last."""
    values, times, durations, _ = parts
    place = torch.cat([torch.arange(3), torch.arange(frames - values.shape[1] + 3, frames)])
    mask = torch.zeros(1, frames).bool()
    mask[0, place] = True
    wide = []
    for part in (values, times, durations):
        room = part.new_full((1, frames, *part.shape[2:]), filling)
        room[0, place] = part[0]
        wide.append(room)
    return (*wide, mask)


@pytest.mark.parametrize("filling", [0.0, 1e6, float("nan")])
def test_padding_of_any_kind_and_anywhere_changes_nothing(filling):
    torch.manual_seed(0)
    encoder = SeriesEncoder(5, 16)
    short, long = series(13), series(205)
    batch = [torch.cat(both) for both in zip(padded(short, 205, filling), long, strict=True)]
    expected = torch.cat([encoder(*short), encoder(*long)])
    torch.testing.assert_close(encoder(*batch), expected, atol=1e-5, rtol=1e-5)
    encoder(*batch).sum().backward()
    assert all(bool(parameter.grad.isfinite().all()) for parameter in encoder.parameters())


def test_the_order_of_frames_in_memory_does_not_matter_but_their_times_do():
    torch.manual_seed(0)
    encoder = SeriesEncoder(5, 16)
    values, times, durations, mask = series(20)
    order = torch.randperm(20)
    shuffled = encoder(values[:, order], times[:, order], durations[:, order], mask)
    code = encoder(values, times, durations, mask)
    torch.testing.assert_close(shuffled, code, atol=1e-5, rtol=1e-5)
    assert (encoder(values, times.flip(1), durations.flip(1), mask) - code).abs().max() > 1e-3


def test_times_are_told_by_sines_whose_shortest_period_is_a_second_and_longest_over_two_hours():
    found = time_features(torch.tensor([[0.25, 2048.0]]), torch.tensor([[1.0, 8191.0]]))
    assert found.shape == (1, 2, 18)
    torch.testing.assert_close(found[0, 0, 0], torch.tensor(1.0))
    torch.testing.assert_close(found[0, 1, 7], torch.tensor(1.0))
    torch.testing.assert_close(found[0, 1, 17], torch.tensor(1.0))


def test_covariance_is_that_of_frames_repeated_as_often_as_they_are_long():
    torch.manual_seed(0)
    encoder = SeriesEncoder(5, 16)
    values, durations = torch.randn(1, 6, 5), torch.tensor([[1.0, 2.0, 1.0, 3.0, 1.0, 2.0]])
    repeated = encoder.sources(values[0]).repeat_interleave(durations[0].long(), dim=0)
    rows, columns = torch.tril_indices(8, 8)
    expected = torch.cov(repeated.T, correction=0)[rows, columns]
    torch.testing.assert_close(encoder._covariance(values, durations)[0], expected)


def test_a_series_without_frames_and_a_frame_without_length_are_refused():
    encoder = SeriesEncoder(5, 16)
    values, times, durations, mask = series(6)
    with pytest.raises(BadDataError, match="without any frame"):
        encoder(values, times, durations, ~mask)
    with pytest.raises(BadDataError, match="no length"):
        encoder(values, times, 0 * durations, mask)


@pytest.mark.parametrize("task", ["connectivity", "uptake"])
def test_learns_which_regions_move_together_and_how_fast_a_curve_rises(task):
    torch.manual_seed(0)
    count, frames = 48, 24
    label = (torch.arange(count) % 2 * 2 - 1).float()
    times, durations = (part.expand(count, -1) for part in pet_frames(frames))
    values = torch.randn(count, frames, 3)
    if task == "connectivity":
        values[..., 1] = 0.5 * values[..., 1] + label[:, None] * values[..., 0]
    else:
        values = 0.2 * values + (1 - (-times / (600 + 400 * label[:, None])).exp())[..., None]
    encoder, head = SeriesEncoder(3, 16), torch.nn.Linear(16, 1)
    optimiser = torch.optim.Adam([*encoder.parameters(), *head.parameters()], 0.01)
    mask = torch.ones(count, frames).bool()
    for _ in range(40):
        optimiser.zero_grad()
        loss = (head(encoder(values, times, durations, mask))[:, 0] - label).square().mean()
        loss.backward()
        optimiser.step()
    assert loss < 0.3  # the mean alone: 1
