"""What each contrast is worth: exact Shapley values over all subsets, for a patient and a cohort.

A game gives each subset of the players (contrasts) its value, for example the Dice that the network reaches
with these contrasts alone. It lists all subsets, the empty one too, so nothing is sampled or guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial, isfinite

import numpy as np
from numpy.typing import NDArray

Subset = frozenset[str]
Game = Mapping[Subset, float]
Array = NDArray[np.float64]

_ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class CohortMean:
    """Mean over patients, and its 95 % interval (percentiles of a bootstrap of patients)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ContrastWorth:
    """What contrasts are worth in a cohort, in the unit of the value function.

    Attributes
    ----------
    shapley
        Shapley value of each contrast.
    cost
        What is lost when this contrast alone is missing, see :func:`cost_of_missing`.
    value
        Value of each subset of contrasts.
    patients
        Number of patients behind each mean.
    """

    shapley: Mapping[str, CohortMean]
    cost: Mapping[str, CohortMean]
    value: Mapping[Subset, CohortMean]
    patients: int


def subsets(players: Iterable[str]) -> Iterator[Subset]:
    """Give all subsets of the players, the empty one first, the full one last.

    >>> [sorted(subset) for subset in subsets(["FLAIR", "T1w"])]
    [[], ['FLAIR'], ['T1w'], ['FLAIR', 'T1w']]
    """
    ordered = sorted(set(players))
    for size in range(len(ordered) + 1):
        yield from map(frozenset, combinations(ordered, size))


def shapley_values(game: Game) -> dict[str, float]:
    r"""Give the Shapley value of each player (Shapley 1953, doi:10.1515/9781400881970-018).

    .. math:: \phi_i = \sum_{S \not\ni i} \frac{|S|!\,(n-|S|-1)!}{n!}\,(v(S \cup i) - v(S))

    Raises
    ------
    ValueError
        A subset is missing, or its value is not a finite number.

    Examples
    --------
    >>> glove = {s: float({"left", "right"} <= s) for s in subsets(["left", "right"])}
    >>> shapley_values(glove)
    {'left': 0.5, 'right': 0.5}
    """
    players = _players(game)
    number = len(players)
    worth = dict.fromkeys(players, 0.0)
    for subset in subsets(players):
        for player in players - subset:
            weight = factorial(len(subset)) * factorial(number - len(subset) - 1) / factorial(number)
            worth[player] += weight * (game[subset | {player}] - game[subset])
    return dict(sorted(worth.items()))


def cost_of_missing(game: Game) -> dict[str, float]:
    """Give by how much the value of all players falls when one of them is taken away.

    Raises
    ------
    ValueError
        See :func:`shapley_values`.
    """
    players = _players(game)
    return {player: game[players] - game[players - {player}] for player in sorted(players)}


def contrast_worth(games: Sequence[Game], *, resamples: int, seed: int) -> ContrastWorth:
    """Average the games of patients, who all have the same contrasts.

    Parameters
    ----------
    games
        One game for each patient.
    resamples, seed
        Number of bootstrap draws of patients, and what they start from. All means share the draws.

    Raises
    ------
    ValueError
        There is no patient, or patients have different contrasts, or see :func:`shapley_values`.
    """
    if not games or any(_players(game) != _players(games[0]) for game in games):
        raise ValueError("Shapley values of a cohort need one or more patients with the same contrasts.")
    draws = np.random.default_rng(seed).integers(0, len(games), (resamples, len(games)))
    shapley = [shapley_values(game) for game in games]
    costs = [cost_of_missing(game) for game in games]
    return ContrastWorth(
        shapley={player: _mean([row[player] for row in shapley], draws) for player in shapley[0]},
        cost={player: _mean([row[player] for row in costs], draws) for player in costs[0]},
        value={
            subset: _mean([game[subset] for game in games], draws) for subset in subsets(_players(games[0]))
        },
        patients=len(games),
    )


def _players(game: Game) -> Subset:
    players: Subset = frozenset().union(*game)
    for subset in subsets(players):
        if subset not in game or not isfinite(game[subset]):
            raise ValueError(
                f"The value with {' + '.join(sorted(subset)) or 'no contrast'} is missing or not a number; "
                "Shapley values need it for every subset."
            )
    return players


def _mean(values: list[float], draws: NDArray[np.intp]) -> CohortMean:
    column: Array = np.asarray(values, dtype=np.float64)
    low, high = np.quantile(column[draws].mean(axis=1), _ENDS)
    return CohortMean(float(column.mean()), float(low), float(high))
