import pytest
import torch

from bidsapp.explain.attribution import Attribution, Target
from bidsapp.explain.checks import completeness, conservation
from bidsapp.explain.curves import Curve, deletion, insertion, perturb
from bidsapp.explain.lrp import layerwise_relevance
from bidsapp.explain.methods import METHODS, Method, explain
from bidsapp.explain.randomisation import (
    cascade,
    randomisation,
    randomised,
    rank_correlation,
    weighted_layers,
)


def edges(network, image, target):
    """An explanation that looks at the image alone."""
    gradients = torch.gradient(image[0], dim=(1, 2, 3))
    return Attribution(sum(part.square() for part in gradients))


def test_conservation_counts_the_biases():
    relevance = torch.full((1, 2, 2, 2), 1.0)
    assert conservation(Attribution(relevance, explained=10.0, elsewhere=2.0)).passed
    lost = conservation(Attribution(relevance, explained=10.0, elsewhere=1.0))
    assert not lost.passed
    assert lost.value == pytest.approx(0.1)
    assert "10.00%" in lost.sentence


def test_completeness_has_no_meaning_without_a_sum():
    with pytest.raises(ValueError, match="no sum"):
        completeness(Attribution(torch.ones(1, 2, 2, 2)))


def test_randomisation_passes_relevance_and_fails_an_edge_detector(network, patient):
    image, mask = patient
    target = Target.lesion(mask)
    relevance = layerwise_relevance(network, image, target).relevance
    learned = randomisation(layerwise_relevance, network, image, target, relevance=relevance, seed=0)
    drawn = edges(network, image, target).relevance
    seen = randomisation(edges, network, image, target, relevance=drawn, seed=0)
    assert learned.passed
    assert learned.value < 0.3
    assert not seen.passed
    assert seen.value == pytest.approx(1)


def test_the_cascade_starts_at_the_output(network, patient):
    image, mask = patient
    target = Target.lesion(mask)
    layers = weighted_layers(network, image)
    changed = randomised(network, layers[-1:], seed=0)
    different = [
        name
        for name, weight in changed.named_parameters()
        if not torch.equal(weight, network.get_parameter(name))
    ]
    assert all(name.startswith(layers[-1]) for name in different)
    relevance = layerwise_relevance(network, image, target).relevance
    found = cascade(
        layerwise_relevance, network, image, target, relevance=relevance, seed=0, steps=3, draws=2
    )
    assert found.layers[-1] == len(layers)
    assert found.similarity[-1] < 0.3


def test_rank_correlation_ignores_what_is_empty_in_both_maps():
    first, second = torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0, 3.0]), torch.tensor([0.0, 0.0, 0.0, 3.0, 2.0, 1.0])
    assert rank_correlation(first, second) == pytest.approx(-1)
    assert rank_correlation(first, torch.zeros(6)) == 0


def test_curves_of_relevance_beat_chance_and_those_of_its_reverse_do_not(network, patient):
    image, mask = patient
    target = Target.lesion(mask)
    relevance = layerwise_relevance(network, image, target).relevance
    for check in (deletion, insertion):
        assert check(network, image, target, relevance=relevance, seed=0).passed
        assert not check(network, image, target, relevance=-relevance, seed=0).passed


def test_curves_go_from_image_to_baseline_and_back(network, patient):
    image, mask = patient
    relevance = torch.randn(image.shape[1:], generator=torch.Generator().manual_seed(0))
    for insert, ends in ((False, [1, 0]), (True, [0, 1])):
        found = perturb(network, image, Target.lesion(mask), relevance=relevance, seed=0, insert=insert)
        for curve in (found.by_map, *found.by_chance):
            assert curve.scores[[0, -1]] == pytest.approx(ends, abs=1e-4)


def test_where_the_baseline_scores_as_high_there_is_nothing_to_explain(network, patient):
    image, mask = patient
    refused = deletion(
        network,
        image,
        Target.lesion(mask),
        relevance=image[0],
        seed=0,
        baseline=lambda given: torch.where(mask, given + 5, given),
    )
    assert not refused.passed
    assert "nothing to explain" in refused.sentence


def test_area_of_a_straight_line():
    assert Curve(torch.linspace(0, 1, 5).numpy(), torch.linspace(1, 0, 5).numpy()).area == pytest.approx(0.5)


def test_a_map_comes_with_its_checks(network, patient):
    image, mask = patient
    shown = explain(network, image, Target.lesion(mask), method=METHODS["lrp"], seed=0)
    names = [check.name for check in shown.checks]
    assert names == ["conservation", "randomisation", "deletion", "insertion"]
    assert shown.failed == ()
    blind = explain(network, image, Target.lesion(mask), method=Method("edges", edges), seed=0, curves=False)
    assert [check.name for check in blind.failed] == ["randomisation"]
    assert "random weights" in blind.failed[0].sentence
