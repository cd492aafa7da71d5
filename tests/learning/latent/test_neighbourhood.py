import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.learning.latent.neighbourhood import (
    colocation,
    continuity,
    neighbourhood_preservation,
    random_colocation,
    random_trustworthiness,
    trustworthiness,
)

LATENT = np.array([[0.0], [1.0], [3.0], [7.0]])
PLANE = np.array([[0.0, 0.0], [10.0, 0.0], [1.0, 0.0], [11.0, 0.0]])


def test_trustworthiness_by_hand():
    """Nearest in the plane have ranks 2, 3, 2, 2 in the latent space: 1 - 5 * 2 / (4 * 1 * (8 - 3 - 1))."""
    assert trustworthiness(LATENT, PLANE, 1) == pytest.approx(0.375)
    assert neighbourhood_preservation(LATENT, PLANE, 1) == 0


def test_a_ring_cut_open_is_trustworthy_but_not_continuous():
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring, line = np.column_stack([np.cos(angle), np.sin(angle)]), np.column_stack([angle, 0 * angle])
    # At its two ends the line reaches further along itself, where the ring goes round.
    assert continuity(ring, line, 2) < trustworthiness(ring, line, 2) < 1
    assert neighbourhood_preservation(ring, line, 2) == pytest.approx(1 - 2 * 0.5 / 40)


def test_an_equal_plane_keeps_everything():
    points = np.random.default_rng(0).normal(size=(30, 2))
    for merit in (trustworthiness, continuity, neighbourhood_preservation):
        assert merit(points, 3 * points + 1, 5) == 1


def test_random_planes_give_chance():
    rng = np.random.default_rng(1)
    draws = [(rng.normal(size=(40, 4)), rng.normal(size=(40, 2))) for _ in range(100)]
    trust = np.mean([trustworthiness(*draw, 6) for draw in draws])
    kept = np.mean([neighbourhood_preservation(*draw, 6) for draw in draws])
    assert trust == pytest.approx(random_trustworthiness(40, 6), abs=0.01)
    assert kept == pytest.approx(6 / 39, abs=0.01)


def test_colocation_of_places_and_of_people(sample):
    assert colocation(sample.vectors, 6) == 1
    by_person = np.broadcast_to(10 * np.eye(7, 8), (6, 7, 8)) + 0.01 * sample.vectors
    assert colocation(by_person, 5) == 0


def test_colocation_of_noise_is_chance():
    rng = np.random.default_rng(2)
    found = np.mean([colocation(rng.normal(size=(5, 8, 3)), 4) for _ in range(200)])
    assert found == pytest.approx(random_colocation(5, 8), abs=0.01)
    assert random_colocation(5, 8) == 7 / 39


@pytest.mark.parametrize("neighbours", [0, 2])
def test_neighbours_must_be_fewer_than_half(neighbours):
    with pytest.raises(BadDataError, match="of 4 vectors"):
        trustworthiness(LATENT, PLANE, neighbours)
