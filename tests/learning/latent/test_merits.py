from dataclasses import replace

import numpy as np
import pytest

from bidsapp.learning.latent.merits import judge
from bidsapp.learning.latent.projections import project_all


def _by_name(sample, neighbours=6):
    merits = judge(sample, project_all(sample.flat, ("pca",)), neighbours=neighbours)
    return {merit.name: merit for merit in merits}


def test_places_that_find_themselves_are_told_from_noise(sample, aimless):
    good, none = _by_name(sample), _by_name(aimless)
    assert good["colocation"].value == good["colocation"].best == 1
    assert none["colocation"].value == pytest.approx(none["colocation"].chance, abs=0.1)
    assert good["silhouette_region"].value > 0.2 > none["silhouette_region"].value
    assert good["silhouette_subject"].value < 0
    assert good["effective_dimension"].value < none["effective_dimension"].value < 8
    assert good["kl_fit"].value > none["kl_fit"].value


def test_what_is_not_defined_says_why(sample):
    merits = _by_name(replace(sample, regions=("Insula",) * 6))
    assert merits["silhouette_region"].value is None
    assert "one region" in merits["silhouette_region"].meaning
    assert merits["kl_posterior"].value is None
    zeros = np.zeros_like(sample.vectors)
    assert _by_name(replace(sample, mean=zeros + 2, log_variance=zeros))["kl_posterior"].value == 8 * 2


def test_more_neighbours_than_people_lower_what_is_best(sample):
    assert _by_name(sample, neighbours=12)["colocation"].best == 0.5
