"""A check of a map: one number, the limit it has to keep, and a sentence for the report."""

from __future__ import annotations

from dataclasses import dataclass

from bidsapp.explain.attribution import Attribution

BALANCE_LIMIT = 0.01
COMPLETENESS_LIMIT = 0.05


@dataclass(frozen=True)
class Check:
    """What was measured on a map, and whether the map may be shown.

    Attributes
    ----------
    name
        Machine name.
    value, limit
        The number, and the largest or smallest that passes, as the sentence says.
    passed
        Whether it passes.
    sentence
        For the report, in place of the map where it failed.
    """

    name: str
    value: float
    limit: float
    passed: bool
    sentence: str


def conservation(attribution: Attribution, *, limit: float = BALANCE_LIMIT) -> Check:
    """Check that relevance is neither made nor lost: map and biases add up to the lesion's score.

    Raises
    ------
    ValueError
        The method promises no sum.
    """
    value = _imbalance(attribution)
    inside = attribution.relevance.double().sum().item()
    sentence = (
        f"The relevance of all voxels ({inside:.3g}) and of the network's biases "
        f"({attribution.elsewhere:.3g}) differs from the explained "
        f"score by {value:.2%} of it (at most {limit:.2%} may be)."
    )
    return Check("conservation", value, limit, value <= limit, sentence)


def completeness(attribution: Attribution, *, limit: float = COMPLETENESS_LIMIT) -> Check:
    """Check that the map adds up to the difference of the scores of image and baseline.

    The limit is that of Sundararajan et al. 2017. Raises as :func:`conservation` does.
    """
    value = _imbalance(attribution)
    sentence = (
        "The sum of the map differs from the difference of the scores of image and baseline by "
        f"{value:.2%} of it (at most {limit:.2%} may be)."
    )
    return Check("completeness", value, limit, value <= limit, sentence)


def _imbalance(attribution: Attribution) -> float:
    if attribution.imbalance is None:
        raise ValueError("This method promises no sum that could be checked.")
    return attribution.imbalance
