import math

import pytest
import torch

from bidsapp.errors import BadDataError, UsageError
from bidsapp.learning.ordinal.balance import balance_weights, density_weights, effective_number_weights
from bidsapp.learning.ordinal.base import mean_level, median_level
from bidsapp.learning.ordinal.levels import distribution, exceedance, from_exceedance, score
from bidsapp.learning.ordinal.soft_labels import CRS_R_ERROR, error_of_mean, soft_labels


def test_a_soft_label_has_the_mean_and_spread_of_its_error():
    soft = soft_labels(torch.tensor([12.0, 11.5], dtype=torch.float64), 24, 1.6)
    level = torch.arange(24, dtype=torch.float64)
    mean = soft @ level
    variance = (soft * (level - mean[:, None]) ** 2).sum(1)
    assert mean.tolist() == pytest.approx([12.0, 11.5], abs=1e-6)
    assert variance.tolist() == pytest.approx(
        [1.6**2 + 1 / 12] * 2, rel=1e-3
    )  # Sheppard: whole points add 1/12
    assert soft.sum(1).tolist() == pytest.approx([1, 1])


def test_at_the_end_of_the_scale_the_mean_moves_inwards():
    soft = soft_labels(torch.tensor([0.0, 23.0], dtype=torch.float64), 24, 2.0)
    mean = mean_level(soft)
    assert mean[0] > 1
    assert mean.sum() == pytest.approx(23)


def test_without_error_a_soft_label_is_one_hot():
    hard = torch.tensor([0, 3, 4])
    assert torch.allclose(soft_labels(hard.float(), 5, 0.0), distribution(hard, 5, torch.zeros(1)))


def test_a_patient_with_more_exams_has_a_narrower_label():
    error = error_of_mean(1.6, torch.tensor([1.0, 4.0]))
    assert error.tolist() == pytest.approx([1.6, 0.8])
    soft = soft_labels(torch.tensor([10.0, 10.0]), 24, error)
    assert soft[1, 10] > soft[0, 10]


def test_the_default_error_lies_in_the_published_range():
    mae = CRS_R_ERROR * math.sqrt(2 / math.pi)
    assert 1.0 < mae < 1.6


@pytest.mark.parametrize("value", [-1.0, 24.0])
def test_a_score_off_the_scale_is_refused(value):
    with pytest.raises(BadDataError, match="0 to 23"):
        soft_labels(torch.tensor([value]), 24)


def test_bad_errors_and_labels_are_refused():
    with pytest.raises(BadDataError, match="negative"):
        soft_labels(torch.tensor([1.0]), 24, -1.0)
    with pytest.raises(BadDataError, match="whole number"):
        distribution(torch.tensor([1.5]), 24, torch.zeros(1))
    with pytest.raises(BadDataError, match="5 levels"):
        distribution(torch.ones(2, 5), 24, torch.zeros(1))


def test_exceedance_is_undone():
    soft = soft_labels(torch.tensor([0.0, 3.0, 7.0], dtype=torch.float64), 8, 1.5)
    assert torch.allclose(from_exceedance(exceedance(soft)), soft)
    assert exceedance(soft).sum(1).tolist() == pytest.approx(mean_level(soft).tolist())


def test_hard_and_soft_labels_have_the_same_score():
    hard = torch.tensor([0, 2, 4])
    like = torch.zeros(1, dtype=torch.float64)
    assert score(hard, like).tolist() == score(distribution(hard, 5, like), like).tolist() == [0, 2, 4]


def test_the_median_has_the_least_expected_absolute_error():
    law = torch.rand(6, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    law = law / law.sum(1, keepdim=True)
    level = torch.arange(9.0, dtype=torch.float64)
    cost = (level[:, None] - level).abs()
    assert torch.equal(median_level(law), (law @ cost).argmin(1).double())


def test_effective_numbers_are_those_of_cui():
    target = torch.tensor([0] * 10 + [1] * 2)
    weight = effective_number_weights(target, 2, beta=0.9).double()
    many, few = (1 - 0.9) / (1 - 0.9**10), (1 - 0.9) / (1 - 0.9**2)
    assert (weight[-1] / weight[0]).item() == pytest.approx(few / many, rel=1e-5)
    assert weight.mean().item() == pytest.approx(1, rel=1e-6)


def test_effective_numbers_go_from_none_to_one_over_the_count():
    target = torch.tensor([0] * 8 + [1] * 2, dtype=torch.float64)
    assert effective_number_weights(target, 2, beta=0.0).tolist() == pytest.approx([1] * 10)
    near = effective_number_weights(target, 2, beta=1 - 1e-9)
    assert (near[-1] / near[0]).item() == pytest.approx(4, rel=1e-4)


def test_density_weights_are_one_over_the_smoothed_count():
    target = torch.tensor([5] * 6 + [15] * 2, dtype=torch.float64)  # far apart: kernels do not meet
    weight = density_weights(target, 21, bandwidth=1.0)
    assert (weight[-1] / weight[0]).item() == pytest.approx(3, rel=1e-3)
    assert weight.mean().item() == pytest.approx(1)


def test_density_weights_share_counts_between_neighbours():
    target = torch.tensor(
        [10] * 6 + [11] + [18], dtype=torch.float64
    )  # 11 and 18 are as rare; 11 has neighbours
    weight = density_weights(target, 24)
    assert weight[6] < weight[7] / 2


def test_balances_by_name():
    target = torch.tensor([0, 0, 0, 2])
    assert balance_weights("none", target, 3).tolist() == [1, 1, 1, 1]
    assert balance_weights("none", soft_labels(target, 3), 3).tolist() == [1, 1, 1, 1]
    assert balance_weights("effective", target, 3)[3] > 1
    assert balance_weights("density", target, 3)[3] > 1
    with pytest.raises(UsageError, match="density"):
        balance_weights("even", target, 3)
    with pytest.raises(UsageError, match="below 1"):
        effective_number_weights(target, 3, beta=1.0)
    with pytest.raises(UsageError, match="above 0"):
        density_weights(target, 3, bandwidth=0.0)
