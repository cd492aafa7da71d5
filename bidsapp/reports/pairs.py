"""Pairs what was predicted with what was observed: scores ``predicted_X`` and ``observed_X`` of a visit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bidsapp.findings import Findings, Score
from bidsapp.learning.validation.estimator import Array
from bidsapp.reports.collect import Visit
from bidsapp.reports.sheets import mixture

PREDICTED, OBSERVED = "predicted_", "observed_"


@dataclass(frozen=True)
class Pair:
    """One visit: what was predicted, within which interval, and what was observed."""

    visit: str
    subject: str
    predicted: float
    observed: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Pairs:
    """All visits of which one analysis tells both.

    Attributes
    ----------
    analysis, target
        Name of the analysis, and of what it predicts.
    limits
        Lowest and highest value that the target can take, where the analysis says so.
    meaning
        What the intervals are.
    items
        In the order of the visits.
    unpredicted, unobserved
        Visits without a prediction although one was observed, and with an observed score without value.
    notes
        What must be known before the pairs are read.
    """

    analysis: str
    target: str
    limits: tuple[float, float] | None
    meaning: str
    items: tuple[Pair, ...]
    unpredicted: int
    unobserved: int
    notes: tuple[str, ...]

    @property
    def predicted(self) -> Array:
        """Predictions, shape ``(visits,)``."""
        return np.array([item.predicted for item in self.items], dtype=np.float64)

    @property
    def observed(self) -> Array:
        """What was observed, shape ``(visits,)``."""
        return np.array([item.observed for item in self.items], dtype=np.float64)

    @property
    def subjects(self) -> list[str]:
        """Person of each visit."""
        return [item.subject for item in self.items]

    @property
    def people(self) -> int:
        """How many people there are."""
        return len(set(self.subjects))

    @property
    def is_outcome(self) -> bool:
        """Whether probabilities of an outcome, 0 or 1, are predicted, and no score."""
        share = self.limits in {None, (0.0, 1.0)} and all(0 <= item.predicted <= 1 for item in self.items)
        return share and {item.observed for item in self.items} <= {0.0, 1.0}

    def of(self, subjects: Iterable[str]) -> Pairs:
        """Leave only the visits of some people."""
        wanted = set(subjects)
        return replace(self, items=tuple(item for item in self.items if item.subject in wanted))

    def once(self) -> Pairs:
        """Leave only the first visit of each person, for what is counted and not measured."""
        first = {item.subject: item for item in reversed(self.items)}
        return replace(self, items=tuple(item for item in self.items if item is first[item.subject]))


def find_pairs(visits: Sequence[Visit]) -> tuple[Pairs, ...]:
    """Find everything that any analysis predicts and that is known of at least one visit, too."""
    found: dict[tuple[str, str], list[tuple[Visit, Findings]]] = {}
    for visit in visits:
        for each in visit.findings:
            names = {score.name for score in each.scores}
            for score in each.scores:
                target = score.name.removeprefix(PREDICTED)
                if target != score.name and OBSERVED + target in names:
                    found.setdefault((each.analysis, target), []).append((visit, each))
    return tuple(_pairs(analysis, target, own) for (analysis, target), own in found.items())


def _pairs(analysis: str, target: str, own: Sequence[tuple[Visit, Findings]]) -> Pairs:
    items, unpredicted, unobserved = [], 0, 0
    for visit, each in own:
        predicted, observed = _score(each, PREDICTED + target), _score(each, OBSERVED + target)
        if observed.value is None:
            unobserved += 1
        elif predicted.value is None:
            unpredicted += 1
        else:
            items.append(Pair(visit.name, visit.subject, predicted.value, observed.value, predicted.interval))
    note = mixture(each for _, each in own)
    first = _score(own[0][1], PREDICTED + target)
    return Pairs(
        analysis=analysis,
        target=target,
        limits=first.limits,
        meaning=next((text for _, each in own if (text := _score(each, first.name).interval_meaning)), ""),
        items=tuple(items),
        unpredicted=unpredicted,
        unobserved=unobserved,
        notes=(note,) if note else (),
    )


def _score(findings: Findings, name: str) -> Score:
    return next(score for score in findings.scores if score.name == name)
