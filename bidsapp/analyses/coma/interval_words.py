"""Says what an interval is and how often it held the truth, in findings, methods and model card alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from bidsapp.analyses.coma.doubt import BASELINE
from bidsapp.analyses.coma.options import Options
from bidsapp.learning.confidence.coverage import TERTILES

_OF_SCORES = "of the training scores"
_NAMES = {"by-score": "CV+ by score", "plain": "CV+"}
_RULES = {
    "by-score": "CV+ by score (Barber et al., 2021, Ann Stat 49:486; Vovk, 2013, Mach Learn 92:349), cut at "
    "the ends of the scale: each possible score is compared with the training patients of its third of the "
    "scores",
    "plain": "CV+ (Barber et al., 2021, Ann Stat 49:486), cut at the ends of the scale",
}


def meaning_of_interval(options: Options, metadata: Mapping[str, object]) -> str:
    """Name the interval and say how often it held left-out patients' scores: all, and each third.

    Parameters
    ----------
    options
        Of the bundle.
    metadata
        Of the bundle: ``model``, ``coverage``, ``patients`` and ``sessions`` are read.
    """
    if options.kind == "outcome":
        return "range over the models of the folds"
    coverage = cast("Mapping[str, Mapping[str, list[float]]]", metadata["coverage"])
    share, low, high = coverage["all"]["share"]
    thirds = [f"{coverage[part]['share'][0]:.0%} of {part}" for part in TERTILES if part in coverage]
    name = _OF_SCORES if metadata["model"] == BASELINE else _NAMES[options.interval]
    return (
        f"{options.level:.0%} interval ({name}); on left-out patients it holds {share:.0%} ({low:.0%} to "
        f"{high:.0%}) of {counted(metadata['patients'], metadata['sessions'])}: {', '.join(thirds)} scores"
    )


def counted(patients: object, sessions: object) -> str:
    """Say how many patients there are; sessions, too, where somebody has several.

    >>> counted(30, 30), counted(30, 90)
    ('30', '90 sessions of 30')
    """
    return f"{patients}" if patients == sessions else f"{sessions} sessions of {patients}"


def how_intervals_are_made(options: Options, metadata: Mapping[str, object]) -> str:
    """Give a sentence for a methods paragraph; parameters as in :func:`meaning_of_interval`."""
    if options.kind == "outcome":
        return "The range of a probability is that over the models of the folds."
    rule = f"those {_OF_SCORES}" if metadata["model"] == BASELINE else _RULES[options.interval]
    return f"Intervals ({options.level:.0%}) are {rule}."
