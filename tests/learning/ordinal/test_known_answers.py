"""Each loss against its formula, another library or a case that is known."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, log_loss

from bidsapp.learning.ordinal.coral import Coral, coral_loss
from bidsapp.learning.ordinal.corn import Corn, corn_loss
from bidsapp.learning.ordinal.cross_entropy import CrossEntropy
from bidsapp.learning.ordinal.cumulative_link import CumulativeLink, log_probabilities
from bidsapp.learning.ordinal.huber import Huber
from bidsapp.learning.ordinal.kappa import kappa_loss
from bidsapp.learning.ordinal.levels import distribution
from bidsapp.learning.ordinal.pairwise import better, hinge_rank_loss, ranknet_loss
from bidsapp.learning.ordinal.soft_labels import soft_labels
from bidsapp.learning.ordinal.spearman import FLOOR, soft_ranks, spearman_loss
from bidsapp.learning.ordinal.thresholds import OrderedThresholds

F64 = torch.float64


def logits(n, k, seed=0):
    return torch.randn(n, k, generator=torch.Generator().manual_seed(seed), dtype=F64)


def test_cross_entropy_is_the_log_loss():
    outputs, target = logits(6, 4), torch.tensor([0, 1, 2, 3, 0, 2])
    loss = CrossEntropy(4)
    expected = log_loss(target.numpy(), loss.probabilities(outputs).numpy(), labels=range(4))
    assert loss.loss(outputs, target).item() == pytest.approx(expected)


def test_coral_asks_each_question_by_itself():
    out = torch.tensor([[2.0, -1.0]], dtype=F64)
    wanted = -(math.log(1 / (1 + math.exp(-2))) + math.log(1 - 1 / (1 + math.exp(1)))) / 2  # level 1 of 3
    assert coral_loss(out, torch.tensor([1])).item() == pytest.approx(wanted)


def test_corn_is_the_likelihood_of_its_own_probabilities():
    outputs, target = logits(8, 5), torch.tensor([0, 1, 2, 3, 4, 5, 2, 0])
    law = Corn(6).probabilities(outputs)
    assert corn_loss(outputs, target).item() == pytest.approx(log_loss(target.numpy(), law.numpy()))


def test_corn_asks_only_those_who_are_there():
    outputs = logits(1, 3).requires_grad_()
    corn_loss(outputs, torch.tensor([1])).backward()
    assert outputs.grad[0, 2] == 0  # "above 2?" is not asked of a patient at 1
    assert (outputs.grad[0, :2] != 0).all()


def test_cumulative_link_is_the_difference_of_sigmoids():
    cuts = torch.tensor([-1.0, 0.5, 2.0], dtype=F64)
    latent = torch.tensor([[0.3], [-2.0]], dtype=F64)
    below = torch.sigmoid(torch.cat([cuts - latent], 1))
    ends = torch.zeros(2, 1, dtype=F64)
    wanted = torch.cat([ends, below, ends + 1], 1).diff(dim=1)
    assert torch.allclose(log_probabilities(latent, cuts).exp(), wanted)


def test_cumulative_link_stays_finite_in_the_tails():
    latent = torch.tensor([[80.0], [-80.0]], dtype=F64, requires_grad=True)
    said = log_probabilities(latent, torch.tensor([-1.0, 0.0, 1.0], dtype=F64))
    said.sum().backward()
    assert torch.isfinite(said).all()
    assert torch.isfinite(latent.grad).all()


@pytest.mark.parametrize("kind", [Coral, CumulativeLink])
def test_ordered_models_start_at_the_shares(kind):
    target = torch.tensor([0] * 400 + [1] * 100 + [2] * 500)
    loss = kind(3).double()
    bias = loss.start(target).double()
    assert loss.probabilities(bias[None])[0].tolist() == pytest.approx([0.4, 0.1, 0.5], abs=2e-3)


def test_thresholds_rise_whatever_the_parameters():
    cuts = OrderedThresholds(6)
    torch.nn.init.normal_(cuts.gaps, std=50, generator=torch.Generator().manual_seed(0))
    assert (cuts().diff() > 0).all()


@pytest.mark.parametrize("seed", range(3))
def test_kappa_of_one_hot_outputs_is_that_of_the_hard_confusion(seed):
    draw = np.random.default_rng(seed)
    truth, said = draw.integers(0, 6, size=(2, 50))
    kappa = cohen_kappa_score(truth, said, weights="quadratic", labels=range(6))
    one_hot = distribution(torch.from_numpy(said), 6, torch.zeros(1, dtype=F64))
    assert kappa_loss(one_hot, torch.from_numpy(truth)).item() == pytest.approx(1 - kappa)


def test_kappa_weights_are_those_of_scikit_learn():
    draw = np.random.default_rng(3)
    truth, said = draw.integers(0, 5, size=(2, 40))
    weight = draw.uniform(0.1, 2, 40)
    kappa = cohen_kappa_score(truth, said, weights="quadratic", labels=range(5), sample_weight=weight)
    one_hot = distribution(torch.from_numpy(said), 5, torch.zeros(1, dtype=F64))
    assert kappa_loss(one_hot, torch.from_numpy(truth), torch.from_numpy(weight)).item() == pytest.approx(
        1 - kappa
    )


def test_kappa_of_everybody_at_one_level_is_perfect():
    one_hot = distribution(torch.tensor([2, 2]), 4, torch.zeros(1, dtype=F64))
    assert kappa_loss(one_hot, torch.tensor([2, 2])).item() == 0


def test_huber_is_squared_below_delta_and_linear_above():
    loss = Huber(24, delta=2.0).double()
    loss.centre.fill_(10)
    loss.scale.fill_(4)
    near, far = torch.tensor([[0.25]], dtype=F64), torch.tensor([[2.5]], dtype=F64)  # scores 11 and 20
    ten = torch.tensor([10.0])
    assert loss.loss(near, ten).item() == pytest.approx(0.5 * 1**2 / 4**2)
    assert loss.loss(far, ten).item() == pytest.approx(2 * (10 - 1) / 4**2)
    assert loss.expected(far).item() == 20


def test_huber_probabilities_are_as_wide_as_its_error():
    loss = Huber(43).double()
    loss.spread.fill_(3.0)
    law = loss.probabilities(torch.zeros(1, 1, dtype=F64))[0]
    level = torch.arange(43, dtype=F64)
    assert (law @ (level - 21) ** 2).sqrt().item() == pytest.approx(math.sqrt(9 + 1 / 12), rel=1e-3)


def test_ranknet_of_two_patients_is_the_logistic_loss():
    ranks = torch.tensor([1.0, 0.4], dtype=F64)
    wanted = math.log1p(math.exp(-0.6 / 0.5))
    assert ranknet_loss(ranks, torch.tensor([3, 1])).item() == pytest.approx(wanted)
    tie = -0.5 * (math.log(1 / (1 + math.exp(-1.2))) + math.log(1 / (1 + math.exp(1.2))))
    assert ranknet_loss(ranks, torch.tensor([3, 3])).item() == pytest.approx(tie)


def test_soft_pairs_know_how_sure_an_order_is():
    exact = torch.tensor([5.0, 6.0, 12.0], dtype=F64)
    soft = better(soft_labels(exact, 24, 1.6))
    assert torch.allclose(soft + soft.T, torch.ones(3, 3, dtype=F64))
    assert soft[1, 0].item() == pytest.approx(0.5 * (1 + math.erf(1 / (1.6 * 2))), abs=0.01)
    assert soft[2, 0] > 0.99
    assert torch.allclose(better(distribution(exact, 24, exact)), better(exact))


def test_hinge_rank_counts_what_lacks_to_the_margin():
    ranks = torch.tensor([0.0, 0.2, 1.0], dtype=F64)
    wanted = (0.3 + 0 + 0) / 3  # pairs (1, 0), (2, 0), (2, 1) with the margin 0.5
    assert hinge_rank_loss(ranks, torch.tensor([0, 1, 2])).item() == pytest.approx(wanted)


def test_soft_ranks_become_ranks():
    values = torch.tensor([3.0, -1.0, 0.5, 9.0], dtype=F64)
    assert soft_ranks(values, width=1e-3).tolist() == pytest.approx([0.625, 0.125, 0.375, 0.875])


def test_spearman_loss_is_one_minus_the_correlation_of_ranks():
    draw = np.random.default_rng(0)
    target = draw.integers(0, 8, 60)
    values = target + draw.normal(size=60) * 2
    wanted = spearmanr(target, values).statistic
    found = 1 - spearman_loss(torch.from_numpy(values), torch.from_numpy(target), width=1e-5).item()
    assert found == pytest.approx(wanted / math.sqrt(1 + FLOOR), abs=0.005)


def test_spearman_loss_of_equal_labels_is_one():
    assert spearman_loss(torch.tensor([1.0, 2.0]), torch.tensor([3, 3])).item() == 1
