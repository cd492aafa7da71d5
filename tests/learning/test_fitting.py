import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset

from bidsapp.learning.brain_loss import dice, tissue_border_loss
from bidsapp.learning.fitting import Schedule, fit


def test_rate_warms_up_and_decays():
    schedule = Schedule(steps=110, learning_rate=1.0, warmup=10, final_rate=0.1)
    assert schedule.factor(0) == pytest.approx(0.1)
    assert schedule.factor(10) == pytest.approx(1.0)
    assert schedule.factor(110) == pytest.approx(0.1)


def test_a_line_is_learned_and_a_finished_training_is_read_back(tmp_path):
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 32)[:, None]
    schedule = Schedule(
        steps=200, learning_rate=0.1, warmup=1, final_rate=0.01, average=0.5, checkpoint_steps=100
    )

    def loader(step):
        return DataLoader([(x, 2 * x + 1)] * (200 - step), batch_size=None)

    def loss(network, batch):
        return torch.nn.functional.mse_loss(network(batch[0]).float(), batch[1])

    line = fit(torch.nn.Linear(1, 1), loss, loader, schedule, tmp_path)
    assert float(line.weight) == pytest.approx(2, abs=0.05)
    assert float(line.bias) == pytest.approx(1, abs=0.05)
    again = fit(torch.nn.Linear(1, 1), loss, loader, schedule, tmp_path)
    assert torch.equal(again.weight, line.weight)


def perfect(tissue, brain):
    names = torch.nn.functional.one_hot(tissue.long(), 4).movedim(-1, 1).float()
    borders = brain[:, None].float().expand(-1, 2, -1, -1, -1)
    return (torch.cat([names, borders], dim=1) * 2 - 1) * 30


def test_loss_is_zero_for_the_truth_and_each_border_has_its_own_channel():
    tissue = torch.randint(0, 4, (1, 8, 8, 8), generator=torch.Generator().manual_seed(0))
    brain = tissue > 0
    logits = perfect(tissue, brain)
    assert float(tissue_border_loss(logits, tissue, brain, 0)) < 1e-3
    logits[:, 5] *= -1
    assert float(tissue_border_loss(logits, tissue, brain, 0)) < 1e-3
    assert float(tissue_border_loss(logits, None, brain, 1)) > 1


def test_dice_of_a_mask_with_itself_is_one_and_with_another_place_zero():
    mask = np.zeros((4, 4), bool)
    mask[:2] = True
    assert dice(mask, mask) == 1.0
    assert dice(mask, ~mask) == 0.0
    assert dice(mask, np.ones_like(mask)) == pytest.approx(2 / 3)


class Stream(IterableDataset):
    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return iter(self.items)


def test_killed_midway_it_ends_with_the_weights_of_an_undisturbed_run(tmp_path):
    x = torch.linspace(-1, 1, 32)[:, None]
    schedule = Schedule(steps=30, learning_rate=0.1, warmup=1, average=0.5, checkpoint_steps=10)
    calls = []

    def loader(step):
        return DataLoader(Stream([(x, k * x) for k in range(step, 30)]), batch_size=None)

    def loss(network, batch):
        return torch.nn.functional.mse_loss(network(batch[0]).float(), batch[1])

    def killed(network, batch):
        calls.append(1)
        if len(calls) == 17:
            raise MemoryError
        return loss(network, batch)

    def line():
        torch.manual_seed(0)
        return torch.nn.Linear(1, 1)

    whole = fit(line(), loss, loader, schedule, tmp_path / "whole")
    with pytest.raises(MemoryError):
        fit(line(), killed, loader, schedule, tmp_path / "killed")
    resumed = fit(line(), loss, loader, schedule, tmp_path / "killed")
    assert torch.equal(resumed.weight, whole.weight)
    assert torch.equal(resumed.bias, whole.bias)
