"""What holds for every loss of the registry."""

import pytest
import torch
from torch.optim import LBFGS

from bidsapp.errors import UsageError
from bidsapp.learning.ordinal.base import OrdinalLoss
from bidsapp.learning.ordinal.levels import exceedance
from bidsapp.learning.ordinal.registry import LOSSES, ordinal_loss
from bidsapp.learning.ordinal.soft_labels import soft_labels

LEVELS = 6
every = pytest.mark.parametrize("name", LOSSES)


def patients(n=40, seed=0):
    draw = torch.Generator().manual_seed(seed)
    features = torch.randn(n, 2, generator=draw, dtype=torch.float64)
    latent = features[:, 0] + 0.3 * torch.randn(n, generator=draw, dtype=torch.float64)
    return features, (latent * 1.5 + 2.5).round().clamp(0, LEVELS - 1)


def made(name, target):
    loss = ordinal_loss(name, LEVELS).double()
    return loss, loss.start(target).double()


def outputs_of(loss, n, seed=1):
    return torch.randn(n, loss.outputs, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@every
def test_probabilities_add_up_and_the_chance_to_exceed_never_rises(name):
    _, target = patients()
    loss, _ = made(name, target)
    law = loss.probabilities(3 * outputs_of(loss, 50))
    assert law.shape == (50, LEVELS)
    assert (law >= 0).all()
    assert torch.allclose(law.sum(1), torch.ones(50, dtype=law.dtype))
    assert (exceedance(law).diff(dim=1) <= 1e-12).all()


@every
def test_expected_scores_lie_on_the_scale(name):
    _, target = patients()
    loss, _ = made(name, target)
    score = loss.expected(20 * outputs_of(loss, 50))
    assert score.shape == (50,)
    assert score.min() >= 0
    assert score.max() <= LEVELS - 1


@every
@pytest.mark.parametrize("soft", [False, True])
def test_gradients_are_those_of_finite_differences(name, soft):
    _, target = patients(7)
    loss, _ = made(name, target)
    weight = torch.linspace(0.5, 2, 7, dtype=torch.float64)
    label = soft_labels(target, LEVELS, 0.8) if soft else target
    outputs = outputs_of(loss, 7).requires_grad_()
    assert torch.autograd.gradcheck(lambda value: loss.loss(value, label, weight), outputs)


@every
def test_equal_weights_change_nothing_and_weight_zero_leaves_a_patient_out(name):
    _, target = patients(12)
    loss, _ = made(name, target)
    outputs = outputs_of(loss, 12)
    plain = loss.loss(outputs, target)
    assert loss.loss(outputs, target, torch.full((12,), 3.0, dtype=torch.float64)).item() == pytest.approx(
        plain.item()
    )
    weight = torch.ones(12, dtype=torch.float64)
    weight[8:] = 0
    shorter = loss.loss(outputs[:8], target[:8])
    assert loss.loss(outputs, target, weight).item() == pytest.approx(shorter.item())


@every
def test_a_batch_in_which_nobody_counts_moves_nothing(name):
    _, target = patients(12)  # a curriculum may give all patients of a small batch weight 0
    loss, _ = made(name, target)
    outputs = outputs_of(loss, 12).requires_grad_()
    value = loss.loss(outputs, target, torch.zeros(12, dtype=torch.float64))
    value.backward()
    assert torch.isfinite(value)
    assert torch.equal(outputs.grad, torch.zeros_like(outputs))


@every
def test_one_hot_soft_labels_are_hard_labels(name):
    _, target = patients(12)
    loss, _ = made(name, target)
    outputs = outputs_of(loss, 12)
    soft = soft_labels(target, LEVELS, 0.0)
    assert loss.loss(outputs, soft).item() == pytest.approx(loss.loss(outputs, target).item())


@every
def test_the_start_says_what_is_known_without_images(name):
    target = torch.tensor([0.0] * 100 + [2.0] * 300 + [5.0] * 100)
    loss, bias = made(name, target)
    said = loss.expected(bias.expand(3, -1))
    assert said.tolist() == pytest.approx([target.mean().item()] * 3, abs=0.03)


@every
def test_an_easy_problem_is_learned_better_than_the_median(name):
    features, target = patients(80)
    loss, bias = made(name, target)
    layer = torch.nn.Linear(2, loss.outputs, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    layer.bias.data.copy_(bias)
    search = LBFGS([*layer.parameters(), *loss.parameters()], max_iter=20, line_search_fn="strong_wolfe")

    def objective():
        search.zero_grad()
        value = loss.loss(layer(features), target) + 0.005 * layer.weight.square().sum()
        value.backward()
        return value

    search.step(objective)
    unseen, truth = patients(200, seed=5)
    error = (loss.expected(layer(unseen)) - truth).abs().mean()
    assert error < 0.6 * (truth - target.median()).abs().mean()


def test_an_unknown_loss_names_the_known_ones():
    with pytest.raises(UsageError, match="coral, corn"):
        ordinal_loss("mse", 24)


def test_a_score_has_two_levels_at_least():
    with pytest.raises(ValueError, match="two levels"):
        OrdinalLoss(1)
