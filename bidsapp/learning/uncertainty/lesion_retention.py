"""Retention curves of whole lesions, beside the orders that an uncertainty must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.learning.uncertainty.retention import Array, Mask, Retention, retained

FRACTIONS = np.linspace(0, 1, 401)


@dataclass(frozen=True, eq=False)
class FoundLesions:
    """What a prediction found in one scan, each predicted lesion judged by a named protocol.

    Attributes
    ----------
    true
        Whether each predicted lesion is one, shape ``(n,)``.
    volume
        Of each, any unit.
    missed
        True lesions that no predicted one matches.
    """

    true: Mask
    volume: Array
    missed: int


def lesion_retention(
    found: FoundLesions, uncertainty: NDArray[np.floating], fractions: Array = FRACTIONS
) -> Retention:
    """Give the retention curve of lesion F1 of one scan (Molchanova et al. 2025, arXiv:2311.08931).

    A false lesion that is not retained is taken out, a true one stays. A missed lesion has no uncertainty and
    stays missed, so the curve need not start at 1. Between whole lesions it is linear, as in the paper.

    Parameters
    ----------
    found
        Predicted lesions.
    uncertainty
        Of each predicted lesion, shape ``(n,)``.
    fractions
        Of the predicted lesions that are retained.

    Raises
    ------
    ValueError
        There is not one uncertainty for each lesion.
    """
    if uncertainty.shape != found.true.shape:
        raise ValueError(f"{uncertainty.size} uncertainties for {found.true.size} lesions")
    steps = np.arange(found.true.size + 1.0)
    (false,) = retained(uncertainty, steps, [~found.true])
    hits = int(found.true.sum())
    total = 2 * hits + false + found.missed
    scores = np.divide(2.0 * hits, total, out=np.ones_like(total), where=total > 0)
    return Retention(fractions, np.interp(fractions * found.true.size, steps, scores))


def reference_orders(found: FoundLesions) -> dict[str, Retention]:
    """Give the curves of the ``random``, the ``volume`` (small is unsure) and the ``ideal`` order."""
    orders = {"random": np.zeros(found.true.size), "volume": -found.volume, "ideal": ~found.true * 1.0}
    return {name: lesion_retention(found, order) for name, order in orders.items()}
