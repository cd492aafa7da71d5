from itertools import permutations

import numpy as np
import pytest

from bidsapp.explain.shapley import contrast_worth, cost_of_missing, shapley_values, subsets

CONTRASTS = ("FLAIR", "PDw", "T1w", "T2w")


def game(seed, players=CONTRASTS):
    rng = np.random.default_rng(seed)
    return {subset: rng.normal() for subset in subsets(players)}


def by_orders(values):
    """Mean of what a player adds, over all orders in which players may come."""
    players = max(values, key=len)
    added = dict.fromkeys(players, 0.0)
    orders = list(permutations(sorted(players)))
    for order in orders:
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            added[player] += (values[before | {player}] - values[before]) / len(orders)
    return added


def test_agrees_with_the_mean_over_all_orders():
    assert shapley_values(game(0)) == pytest.approx(by_orders(game(0)), abs=1e-12)


def test_efficiency():
    values = game(1)
    gained = values[frozenset(CONTRASTS)] - values[frozenset()]
    assert sum(shapley_values(values).values()) == pytest.approx(gained, abs=1e-6)


def test_symmetry():
    values = game(2)
    for subset in subsets({"PDw", "T1w"}):
        values[subset | {"T2w"}] = values[subset | {"FLAIR"}]
    found = shapley_values(values)
    assert found["FLAIR"] == pytest.approx(found["T2w"], abs=1e-6)


def test_a_null_player_gets_nothing_and_costs_nothing():
    values = game(3)
    for subset in subsets(set(CONTRASTS) - {"PDw"}):
        values[subset | {"PDw"}] = values[subset]
    assert shapley_values(values)["PDw"] == pytest.approx(0, abs=1e-6)
    assert cost_of_missing(values)["PDw"] == 0


def test_additivity():
    first, second = game(4), game(5)
    total = shapley_values({subset: first[subset] + 3 * second[subset] for subset in first})
    parts = shapley_values(first), shapley_values(second)
    assert total == pytest.approx({name: parts[0][name] + 3 * parts[1][name] for name in CONTRASTS})


def test_airport_game_has_its_known_answer():
    # Runways of length 1, 2 and 5: each metre is shared by those who need it (Littlechild and Owen 1973).
    lengths = {"a": 1.0, "b": 2.0, "c": 5.0}
    values = {s: max((lengths[player] for player in s), default=0.0) for s in subsets(lengths)}
    assert shapley_values(values) == pytest.approx({"a": 1 / 3, "b": 1 / 3 + 1 / 2, "c": 1 / 3 + 1 / 2 + 3})


def test_a_missing_or_undefined_subset_is_named():
    values = game(6)
    del values[frozenset({"T1w", "FLAIR"})]
    with pytest.raises(ValueError, match=r"FLAIR \+ T1w"):
        shapley_values(values)
    with pytest.raises(ValueError, match="no contrast"):
        shapley_values({**game(6), frozenset(): float("nan")})


def test_the_cohort_is_the_mean_of_patients_with_an_interval_around_it():
    games = [game(seed, ("FLAIR", "T1w")) for seed in range(12)]
    worth = contrast_worth(games, resamples=2000, seed=0)
    each = np.array([shapley_values(values)["FLAIR"] for values in games])
    found = worth.shapley["FLAIR"]
    assert found.value == pytest.approx(each.mean())
    assert found.low < found.value < found.high
    # the percentile interval of a mean is that of its normal theory, but for the small sample
    assert found.high - found.low == pytest.approx(2 * 1.96 * each.std() / np.sqrt(12), rel=0.1)
    assert worth.value[frozenset()].value == pytest.approx(np.mean([values[frozenset()] for values in games]))
    assert worth.patients == 12


def test_patients_with_other_contrasts_are_not_averaged():
    with pytest.raises(ValueError, match="same contrasts"):
        contrast_worth([game(0), game(1, ("FLAIR", "T1w"))], resamples=10, seed=0)
