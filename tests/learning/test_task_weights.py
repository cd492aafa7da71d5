import math

import pytest
import torch

from bidsapp.learning.task_weights import LIMIT, TaskWeights, bounded


def learn(weights, losses, steps=150):
    for _ in range(steps):
        loss = weights({task: torch.tensor(loss) for task, loss in losses.items()})
        places = [weights.places[task] for task in losses]
        for place, slope in zip(places, torch.autograd.grad(loss, places), strict=True):
            place.data -= 0.2 * slope


def test_fresh_weights_give_the_plain_sum():
    assert TaskWeights(["lesion", "active"])(
        {"lesion": torch.tensor(0.4), "active": torch.tensor(2.0)}
    ).item() == (pytest.approx(2.4))


def test_a_learned_weight_is_half_of_one_over_the_loss():
    weights = TaskWeights(["lesion", "active"])
    learn(weights, {"lesion": 0.25, "active": 2.0})
    assert weights.weights() == pytest.approx({"lesion": 2.0, "active": 0.25}, rel=0.01)
    loss = weights({"lesion": torch.tensor(0.25), "active": torch.tensor(2.0)}).item()
    assert loss == pytest.approx(1 - 0.5 * math.log(2) + 0.5 * math.log(4), abs=1e-3)


def test_a_task_without_labels_keeps_its_weight():
    weights = TaskWeights(["lesion", "active"])
    learn(weights, {"lesion": 0.1}, steps=5)
    assert weights.weights()["active"] == 1
    assert weights.weights()["lesion"] > 1


def test_a_loss_below_zero_cannot_ask_for_an_infinite_weight():
    weights = TaskWeights(["synthesis"])
    learn(weights, {"synthesis": -1.0})
    assert 1 < weights.weights()["synthesis"] <= math.exp(LIMIT)


def test_gradients_reach_the_tasks_with_their_weights():
    weights, loss = TaskWeights(["lesion"]), torch.tensor(0.25, requires_grad=True)
    learn(weights, {"lesion": 0.25})
    weights({"lesion": loss}).backward()
    assert loss.grad.item() == pytest.approx(2, rel=0.01)


def test_unknown_tasks_and_none_at_all_are_errors():
    with pytest.raises(ValueError, match="not \\['lesions'\\]"):
        TaskWeights(["lesion"])({"lesions": torch.tensor(1.0)})
    with pytest.raises(ValueError, match="not none"):
        TaskWeights(["lesion"])({})


def test_bounds_hold_and_leave_a_way_back():
    value = torch.tensor([-50.0, 0.01, 20.0], requires_grad=True)
    kept = bounded(value, 7.0)
    assert kept.tolist() == pytest.approx([-7.0, 0.01, 6.95], abs=0.02)
    kept.sum().backward()
    assert value.grad[2] > 0
