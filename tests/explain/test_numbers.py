"""Explanations of networks that give one number of an image, and of tables of regions."""

import numpy as np
import pytest
import torch
from torch import nn

from bidsapp.explain.attribution import Target
from bidsapp.explain.baselines import zero_baseline
from bidsapp.explain.controls import fitted_to_shuffled, input_alone, untrained
from bidsapp.explain.gradcam import (
    class_activation,
    coarsest_layer,
    gradcam,
    gradcam_plus_plus,
    plus_plus_weights,
)
from bidsapp.explain.gradients import integrated_gradients
from bidsapp.explain.localisation import compare_with_control, localisation_auc
from bidsapp.explain.occlusion import occlusion
from bidsapp.explain.patterns import haufe_pattern
from bidsapp.explain.randomisation import randomisation
from bidsapp.explain.regions import HealthyReference, healthy_replacement, occlude_regions

SCORE = Target.output()


def scorer(side=6):
    """Give a network that adds up what two channels of features see: 3 of the first, -1 of the second."""
    network = nn.Sequential(
        nn.Conv3d(1, 2, 1, bias=False),
        nn.ReLU(),
        nn.AvgPool3d(side),
        nn.Flatten(),
        nn.Linear(2, 1, bias=False),
    )
    network[0].weight.data = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1, 1)
    network[4].weight.data = torch.tensor([[3.0, -1.0]])
    return network


def test_a_number_is_a_target_with_its_sign():
    outputs = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert Target.output(1).score(outputs).tolist() == [2, 4]
    assert Target.output(1, sign=-1).score(outputs).tolist() == [-2, -4]


def test_gradcam_of_a_number_is_the_layer_weighted_by_the_last_weights():
    image = torch.randn(1, 1, 6, 6, 6)
    both = nn.functional.relu(torch.stack([image[0, 0], -image[0, 0]]))
    cam = class_activation(scorer(), image, SCORE, layer="1")
    torch.testing.assert_close(cam, (3 * both[0] - both[1]).clamp(min=0) / 6**3)
    against = class_activation(scorer(), image, Target.output(sign=-1), layer="1")
    torch.testing.assert_close(against, both[1] / 6**3)


def test_gradcam_is_linear_between_the_cells_of_the_layer():
    network = nn.Sequential(nn.AvgPool3d(4), nn.Identity(), nn.Flatten(), nn.Linear(8, 1, bias=False))
    nn.init.ones_(network[3].weight)
    image = torch.zeros(1, 1, 8, 8, 8)
    image[..., :4] = 1
    ramp = gradcam(network, image, SCORE, layer="1").relevance[0, 4, 4]
    torch.testing.assert_close(ramp, torch.tensor([1, 1, 0.875, 0.625, 0.375, 0.125, 0, 0]))


def test_plus_plus_weights_are_those_of_the_exponential_by_its_derivatives():
    torch.manual_seed(0)
    activation = torch.rand(1, 2, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    slopes = torch.randn(1, 2, 2, 2, 2, dtype=torch.float64)
    score = (slopes * activation).sum()
    total = activation.detach().sum(dim=(2, 3, 4), keepdim=True)
    # of Y = exp(S) with S linear, the n-th derivative by one activation is exp(S) slope^n
    first, second, third = (score.exp().detach() * slopes**n for n in (1, 2, 3))
    alpha = second / (2 * second + total * third)
    expected = (alpha * first.clamp(min=0)).flatten(2).sum(dim=2) / score.exp().detach()
    torch.testing.assert_close(plus_plus_weights(slopes, activation.detach()), expected)


def test_plus_plus_counts_positive_gradients_only_and_does_not_overflow():
    network, image = scorer(), torch.randn(1, 1, 6, 6, 6)
    network[4].weight.data *= 1e4
    found = gradcam_plus_plus(network, image, SCORE, layer="1").relevance
    assert torch.isfinite(found).all()
    assert torch.equal(found > 0, image[0] > 0)


def test_the_layer_of_gradcam_has_places():
    assert coarsest_layer(scorer(), torch.ones(1, 1, 6, 6, 6)) == "1"
    with pytest.raises(ValueError, match="volume"):
        coarsest_layer(nn.Sequential(nn.Flatten(), nn.Linear(8, 1)), torch.ones(1, 1, 2, 2, 2))


def test_integrated_gradients_of_a_number_are_complete_and_change_with_random_weights():
    torch.manual_seed(1)
    network = nn.Sequential(nn.Conv3d(1, 4, 3), nn.GELU(), nn.Flatten(), nn.Linear(4 * 4**3, 1))
    image = torch.randn(1, 1, 6, 6, 6)
    found = integrated_gradients(network, image, SCORE, baseline=zero_baseline)
    assert found.explained == pytest.approx((network(image) - network(0 * image)).item(), abs=1e-6)
    assert found.imbalance < 1e-3

    def attribute(other, picture, target):
        return integrated_gradients(other, picture, target, baseline=zero_baseline, steps=4)

    check = randomisation(attribute, network, image, SCORE, relevance=found.relevance, seed=0)
    assert check.passed


def test_occlusion_by_region_of_a_linear_function_is_weight_times_difference():
    rng = np.random.default_rng(0)
    image, mean, weights = rng.normal(size=(3, 4, 4, 4))
    labels = rng.integers(0, 4, (4, 4, 4))

    def predict(images):
        return (images * weights).sum(axis=(1, 2, 3))

    found = occlude_regions(predict, image, labels, instead=mean, batch=2)
    assert list(found) == [1, 2, 3]
    for label, value in found.items():
        assert value == pytest.approx((weights * (image - mean))[labels == label].sum())
    with pytest.raises(ValueError, match="one grid"):
        occlude_regions(predict, image, labels[:2], instead=mean)


def test_boxes_do_not_slide_over_the_whole_image():
    with pytest.raises(ValueError, match="occlude regions"):
        occlusion(scorer(), torch.ones(1, 1, 6, 6, 6), SCORE)


def test_a_region_of_an_image_with_channels_is_replaced_in_all_of_them():
    image, labels = np.ones((2, 3)), np.array([1, 1, 2])
    found = occlude_regions(lambda images: images.sum(axis=(1, 2)), image, labels, instead=np.zeros((2, 3)))
    assert found == {1: 4, 2: 2}


def test_the_healthy_reference_knows_age():
    rng = np.random.default_rng(0)
    age = rng.uniform(20, 80, (400, 1))
    values = np.array([10.0, 5.0]) - 0.1 * age * [1, 0] + 0.2 * rng.normal(size=(400, 2))
    reference = HealthyReference.fit(values, age)
    np.testing.assert_allclose(reference.expected(np.array([[50.0]])), [[5, 5]], atol=0.05)
    np.testing.assert_allclose(reference.spread, 0.2, rtol=0.1)
    np.testing.assert_allclose(reference.deviations(values, age).std(axis=0), 1, rtol=0.02)
    with pytest.raises(ValueError, match="too few"):
        HealthyReference.fit(values[:2], age[:2])


def test_replacement_by_healthy_says_what_an_injury_costs():
    healthy, patient = np.ones(3), np.array([1.0, 0.5, 0.0])
    found = healthy_replacement(lambda table: 10 * table[:, 1] + 2 * table[:, 2], patient, healthy)
    np.testing.assert_allclose(found.regions, [0, -5, -2])
    assert found.whole == pytest.approx(-7)


def test_the_pattern_finds_the_signal_where_the_weights_point_at_the_noise():
    # Haufe et al. 2014, section 2.1: column 0 is signal and noise, column 1 the noise alone
    signal, noise = np.array([1.0, -1, 1, -1]), np.array([1.0, 1, -1, -1])
    columns, weights = np.column_stack([signal + noise, noise]), np.array([1.0, -1.0])
    np.testing.assert_allclose(haufe_pattern(columns, weights), [1, 0], atol=1e-12)
    np.testing.assert_allclose(
        haufe_pattern(columns, np.column_stack([weights, 0 * weights])).T, [[1, 0], [0, 0]]
    )


def test_areas_are_those_of_scikit_learn_with_ties():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    relevance, truth = rng.integers(0, 5, (6, 7)).astype(float), rng.random((6, 7)) < 0.3
    assert localisation_auc(relevance, truth) == pytest.approx(
        roc_auc_score(truth.ravel(), relevance.ravel())
    )
    inside = rng.random((6, 7)) < 0.8
    expected = roc_auc_score(truth[inside], relevance[inside])
    assert localisation_auc(relevance, truth, inside=inside) == pytest.approx(expected)
    for wrong in (np.ones_like(truth), np.zeros_like(truth)):
        with pytest.raises(ValueError, match="true places"):
            localisation_auc(relevance, wrong)


def test_an_explanation_no_better_than_its_control_does_not_beat_it():
    rng = np.random.default_rng(0)
    control = rng.uniform(0.6, 0.9, 10)
    assert not compare_with_control(control + rng.normal(0, 0.05, 10), control).beats_control
    better = compare_with_control(control + 0.1, control)
    assert better.beats_control
    assert (better.difference, better.count) == (pytest.approx(0.1), 10)
    with pytest.raises(ValueError, match="five pairs"):
        compare_with_control([0.9] * 4, [0.5] * 4)


def test_an_untrained_copy_has_other_weights_and_leaves_the_network():
    network = scorer()
    first, again = untrained(network, seed=1), untrained(network, seed=1)
    assert torch.equal(first[4].weight, again[4].weight)
    assert not torch.equal(first[4].weight, network[4].weight)
    assert network[4].weight.tolist() == [[3, -1]]
    own = nn.Module()
    own.weight = nn.Parameter(torch.ones(1))
    with pytest.raises(ValueError, match="how it starts"):
        untrained(own, seed=0)


def test_shuffled_labels_are_the_same_labels_in_another_order():
    target = np.arange(20.0)
    found = fitted_to_shuffled(lambda labels: labels, target, seed=0)
    assert sorted(found) == sorted(target)
    assert list(found) != list(target)


def test_images_alone_point_where_patients_differ_from_healthy():
    np.testing.assert_allclose(input_alone(np.array([[1.0, 3], [1, -1]]), np.ones(2)), [0, 2])
