"""Turns predicted against observed into what the page shows: sentences, rows as text, plots."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bidsapp.learning.discrimination import Estimate
from bidsapp.reports.agreement import Agreement, Breakdown
from bidsapp.reports.agreement_plots import (
    CalibrationPlot,
    DecisionPlot,
    ScatterPlot,
    draw_calibration,
    draw_decision,
    draw_scatter,
)
from bidsapp.reports.articles import anchor_of
from bidsapp.reports.cohort_tables import file_label
from bidsapp.reports.comparison_plots import write_estimate
from bidsapp.reports.layout import Layout
from bidsapp.reports.numbers import count, write_name, write_number
from bidsapp.reports.pairs import Pairs

_PARTS = {"all": "All", "low": "Lowest third", "middle": "Middle third", "high": "Highest third"}


@dataclass(frozen=True)
class CoverageRow:
    """Of all people or of a third by observed score: how many, share of intervals that hold, mean width."""

    name: str
    people: int
    share: str
    width: str


@dataclass(frozen=True)
class BreakdownView:
    """One column's groups as text (name, people, mean absolute error, mean error), and who is in none."""

    title: str
    rows: tuple[tuple[str, int, str, str], ...]
    note: str


@dataclass(frozen=True)
class AgreementView:
    """One target of one analysis on the page."""

    anchor: str
    name: str
    file: str
    sentence: str
    notes: tuple[str, ...]
    measures: tuple[tuple[str, str], ...]
    meaning: str
    coverage: tuple[CoverageRow, ...]
    scatter: ScatterPlot | None
    calibration: CalibrationPlot | None
    decision: DecisionPlot | None
    breakdowns: tuple[BreakdownView, ...]


def make_agreement_view(item: Agreement, links: Mapping[str, str], layout: Layout) -> AgreementView:
    """Write an agreement as text and plots; ``links`` are those of the visits' reports."""
    pairs, words = item.pairs, layout.words
    file = file_label(pairs.analysis)
    return AgreementView(
        anchor=anchor_of("agreement", file, pairs.target),
        name=write_name(pairs.target, words),
        file=file,
        sentence=_sentence(item, layout),
        notes=_notes(pairs),
        measures=tuple((write_name(name, words), _write(value)) for name, value in item.measures.items()),
        meaning=pairs.meaning,
        coverage=tuple(
            CoverageRow(
                _PARTS[name], part.patients, _write_share(part.share), write_number(part.mean_width, 1)
            )
            for name, part in item.coverage.items()
        ),
        scatter=draw_scatter(pairs, links, layout.limits.dots)
        if item.measures and not pairs.is_outcome
        else None,
        calibration=draw_calibration(item.calibration) if item.calibration else None,
        decision=draw_decision(item.decision) if item.decision else None,
        breakdowns=tuple(_breakdown(part, layout) for part in item.breakdowns),
    )


def _sentence(item: Agreement, layout: Layout) -> str:
    pairs, fewest = item.pairs, layout.agreement.fewest
    sessions = len(pairs.items)
    start = f"{count(pairs.people, 'person', 'people')}"
    start += f" ({count(sessions, 'session')})" if sessions > pairs.people else ""
    start += " with a predicted and an observed value"
    if not item.measures:
        return f"{start}: fewer than {fewest}, so nothing is measured."
    if pairs.is_outcome:
        share = float(pairs.observed.mean())
        return f"{start}; {share:.0%} had the outcome."
    error = float((pairs.predicted - pairs.observed).mean())
    off = write_number(item.measures["mae"].value, 1)
    return f"{start}. Predictions are off by {off} on average; their mean error is {write_number(error, 1)}."


def _notes(pairs: Pairs) -> tuple[str, ...]:
    notes = list(pairs.notes)
    if pairs.unpredicted:
        notes.append(f"{count(pairs.unpredicted, 'session')} left out: observed, but nothing was predicted.")
    if pairs.unobserved:
        notes.append(
            f"{count(pairs.unobserved, 'session')} left out: the observed value could not be read; the "
            "subject's report says why."
        )
    return tuple(notes)


def _breakdown(item: Breakdown, layout: Layout) -> BreakdownView:
    rows = tuple(
        (group.name, group.people, _write(group.mae), _write(group.mean_error)) for group in item.groups
    )
    fewest = layout.agreement.fewest_in_group
    who = count(item.unlisted, "person", "people")
    note = f"Not listed: {who} of groups of fewer than {fewest}, or not known." if item.unlisted else ""
    return BreakdownView(write_name(item.column, layout.words), rows, note)


def _write(value: Estimate) -> str:
    return "n/a" if math.isnan(value.value) else write_estimate(value)


def _write_share(share: Estimate) -> str:
    return f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"
