"""How well a cohort's patients are told from its healthy controls, on people left out of all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.analyses.coma.healthy import FOLDS, cross_groups, fit_guard
from bidsapp.analyses.coma.healthy_parts import complete
from bidsapp.analyses.coma.patient import Patient
from bidsapp.learning.confidence.coverage import share_of
from bidsapp.learning.discrimination import Estimate
from bidsapp.learning.validation.bootstrap import intervals
from bidsapp.learning.validation.estimator import Flags, take
from bidsapp.learning.validation.measures import auc
from bidsapp.learning.validation.splits import repeated_folds

CHANCE = 0.5


@dataclass(frozen=True)
class Separation:
    """How well patients were told from controls whom no model had seen, nor its limit.

    Attributes
    ----------
    auc
        With its 95 % interval over people.
    controls, patients
        Share of people refused, with its exact 95 % interval.
    """

    auc: Estimate
    controls: Estimate
    patients: Estimate

    @property
    def told(self) -> bool:
        """Whether they can be told apart: the lower end of the AUC lies above chance."""
        return self.auc.low > CHANCE


def measure_guard(
    patients: Sequence[Patient],
    controls: Sequence[Patient],
    keys: Sequence[str],
    *,
    alpha: float,
    resamples: int,
    seed: int,
) -> Separation:
    """Measure a guard on people left out of all of it; a person is refused if any session is.

    Parameters
    ----------
    patients, controls
        At least seven of either, so that five are left to learn from. Those who lack one of ``keys`` take no
        part.
    keys
        What is read: chosen once from everybody, which tells no model who is healthy.
    alpha
        As :meth:`Guard.limit` takes it.
    resamples, seed
        Number of bootstrap draws of people, and what everything starts from.
    """
    patients, controls = complete(patients, keys), complete(controls, keys)
    crossed, labels = cross_groups(patients, controls, keys, seed)
    people = [*patients, *controls]
    names = [person.subject for person in people]
    found = intervals({"auc": auc}, labels, crossed.left_out, names, resamples=resamples, seed=seed)
    outer = repeated_folds(labels, names, folds=FOLDS, seed=seed + 1)[0]
    refused = np.zeros(labels.size, dtype=np.bool_)
    for number in range(FOLDS):
        inside = outer != number
        guard = fit_guard(
            take(people, np.flatnonzero(inside & (labels == 0))),
            take(people, np.flatnonzero(inside & (labels == 1))),
            keys,
            seed=seed,
        )
        refused[~inside] = [guard.refuses(each, alpha) for each in take(people, np.flatnonzero(~inside))]
    shares = [_share_of_people(names, refused, labels == side) for side in (1, 0)]
    return Separation(found["auc"], *shares)


def _share_of_people(names: Sequence[str], refused: Flags, side: Flags) -> Estimate:
    people = {name for name, own in zip(names, side, strict=True) if own}
    hit = {name for name, own in zip(names, refused & side, strict=True) if own}
    return share_of(len(hit), len(people))
