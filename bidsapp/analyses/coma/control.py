"""The control of what moved a prediction: it has to come again in other patients, and not by chance.

A linear model has a contribution of every feature whatever it learned. They are shown as reasons only if two
halves of the patients, who share nobody, agree on them better than after their labels were exchanged, which
leaves images, and all that goes together in them, as they are (label randomisation: Adebayo et al. 2018,
arXiv:1810.03292).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.models.linear import Linear
from bidsapp.analyses.coma.models.protocol import Model
from bidsapp.analyses.coma.patient import Patient
from bidsapp.explain.checks import Check
from bidsapp.explain.controls import fitted_to_shuffled

Array = NDArray[np.float64]
Half = NDArray[np.bool_]

DIVISIONS = 4
SHUFFLES = 19
LIMIT = 0.05
UNCONTROLLED = "This bundle was trained before reasons were controlled; train it again to see them."


def control_reasons(
    make: Callable[[], Model], patients: Sequence[Patient], score: Array, groups: Sequence[str], *, seed: int
) -> Check | None:
    """Check that contributions come again, more than with shuffled labels.

    Parameters
    ----------
    make
        Makes the model anew.
    patients, score, groups
        Of the cohort: one row for each session, its score, and whose session it is.
    seed
        Of the halves and of the exchange of labels.

    Returns
    -------
    Check
        ``value`` is the share of shuffled labels, the true ones among them, whose halves agree as well;
        ``None`` for a model that is no sum, and has no contributions.
    """
    if not isinstance(make(), Linear):
        return None
    halves = _halves(groups, seed)

    def agreement(labels: Array) -> float:
        return float(np.mean([_agreement(make, patients, labels, half) for half in halves]))

    found = agreement(score)
    shuffled = [fitted_to_shuffled(agreement, score, seed=seed + number) for number in range(SHUFFLES)]
    value = (1 + sum(other >= found for other in shuffled)) / (1 + SHUFFLES)
    sentence = (
        f"Contributions in two halves of the training patients correlate by {found:.2f}; with shuffled "
        f"labels by {np.mean(shuffled):.2f} on average (p = {value:.2g}, at most {LIMIT:g} may be)."
    )
    return Check("label shuffling", value, LIMIT, value <= LIMIT, sentence)


def stored_control(facts: Mapping[str, object]) -> tuple[bool, str]:
    """Read from a bundle's metadata whether reasons may be shown, and the sentence that says why."""
    own = facts.get("reasons_control")
    if not isinstance(own, Mapping):
        return False, UNCONTROLLED
    return bool(own["passed"]), str(own["sentence"])


def _halves(groups: Sequence[str], seed: int) -> list[Half]:
    """Divide the subjects in two, several times; shape (rows,) each."""
    subjects = np.unique(np.array(groups))
    rng = np.random.default_rng(seed)
    chosen = (rng.permutation(subjects)[: subjects.size // 2] for _ in range(DIVISIONS))
    return [np.isin(np.array(groups), first) for first in chosen]


def _agreement(make: Callable[[], Model], patients: Sequence[Patient], labels: Array, half: Half) -> float:
    """Correlate what features usually add in either half; 0 where one half's model is constant."""
    first, second = (_usual_sizes(make(), patients, labels, side) for side in (half, ~half))
    names = sorted(first.keys() & second.keys())
    pair = np.array([[each[name] for name in names] for each in (first, second)])
    if pair.size == 0 or not pair.std(axis=1).all():
        return 0.0
    return float(np.corrcoef(pair)[0, 1])


def _usual_sizes(model: Model, patients: Sequence[Patient], labels: Array, side: Half) -> dict[str, float]:
    """Give the standard deviation of each feature's contribution, with the sign of its weight."""
    own = [patient for patient, chosen in zip(patients, side, strict=True) if chosen]
    fitted = model.fit(own, labels[side])
    assert isinstance(fitted, Linear)
    spread = fitted.columns(own).std(axis=0)
    return {name: weight * spread[place] for place, (name, weight) in enumerate(fitted.weights.items())}
