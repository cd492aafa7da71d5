import math

import pytest
import torch

from bidsapp.learning.lesion_loss import TaskWeights, laplace, lesion_loss

BRAIN = torch.ones(1, 4, 4, 4, dtype=torch.bool)


def _truth() -> torch.Tensor:
    mask = torch.zeros(1, 4, 4, 4, dtype=torch.bool)
    mask[:, 1:3, 1:3, 1:3] = True
    return mask


def test_a_right_answer_costs_nothing_and_a_wrong_one_much():
    truth = _truth()
    right = torch.zeros(1, 4, 4, 4, 4)
    right[:, 0] = torch.where(truth, 20.0, -20.0)
    good = lesion_loss(right, truth, None, None, BRAIN, TaskWeights())
    bad = lesion_loss(-right, truth, None, None, BRAIN, TaskWeights())
    assert float(good) < 1e-3
    assert float(bad) > 10


def test_tasks_without_truth_teach_nothing():
    output = torch.randn(1, 4, 4, 4, 4, requires_grad=True)
    lesion_loss(output, _truth(), None, None, BRAIN, TaskWeights()).backward()
    assert float(output.grad[:, 0].abs().sum()) > 0
    assert float(output.grad[:, 1:].abs().sum()) == 0


def test_without_any_truth_the_loss_is_nought_and_has_a_gradient():
    output = torch.randn(1, 4, 4, 4, 4, requires_grad=True)
    loss = lesion_loss(output, None, None, None, BRAIN, TaskWeights())
    loss.backward()
    assert loss.item() == 0
    assert float(output.grad.abs().sum()) == 0


def test_a_task_of_weight_nought_is_left_out():
    output = torch.randn(1, 4, 4, 4, 4)
    weights = TaskWeights(lesion=0.0, active=0.0, post=0.0)
    assert float(lesion_loss(output, _truth(), _truth(), torch.rand(1, 4, 4, 4), BRAIN, weights)) == 0


def test_the_laplace_loss_is_least_at_the_mean_absolute_error():
    error, inside = torch.full((1, 2, 2, 2), 0.5), torch.ones(1, 2, 2, 2)
    losses = {
        scale: float(laplace(error, torch.full_like(error, math.log(scale)), torch.zeros_like(error), inside))
        for scale in (0.25, 0.5, 1.0)
    }
    assert losses[0.5] == min(losses.values())
    assert losses[0.5] == pytest.approx(1 + math.log(0.5), abs=1e-6)


def test_activity_is_learned_inside_of_lesions_alone():
    lesion = _truth()
    active = lesion & (torch.arange(4) < 2)
    output = torch.zeros(1, 4, 4, 4, 4, requires_grad=True)
    lesion_loss(output, lesion, active, None, BRAIN, TaskWeights(lesion=0.0, active=1.0)).backward()
    pull = output.grad[0, 1]
    assert torch.equal(pull != 0, lesion[0])
    assert torch.equal(pull < 0, active[0])


def test_activity_marked_without_all_lesions_counts_where_the_network_sees_lesion():
    active = _truth() & (torch.arange(4) < 2)
    output = torch.zeros(1, 4, 4, 4, 4)
    output[:, 0] = -30.0
    output[:, 0, 0] = 30.0
    output.requires_grad_()
    lesion_loss(output, None, active, None, BRAIN, TaskWeights(active=1.0)).backward()
    taught = output.grad[0, 1].abs() > 1e-6
    told = torch.zeros(4, 4, 4, dtype=torch.bool)
    told[0] = True
    assert torch.equal(taught, told | active[0])
    assert float(output.grad[0, 0].abs().sum()) == 0
