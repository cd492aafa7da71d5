"""Turns a comparison of two groups into what the page shows: rows as text, and the geometry of its plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.learning.discrimination import Estimate, RocCurve
from bidsapp.learning.group_tests import Array
from bidsapp.reports.articles import anchor_of
from bidsapp.reports.cohort_tables import file_label
from bidsapp.reports.comparison import Comparison, Result, Significance
from bidsapp.reports.layout import Layout
from bidsapp.reports.numbers import count, decimals_of, write_name, write_number
from bidsapp.reports.sheets import Measure

_SIDE, _EDGE = 200.0, 8.0


@dataclass(frozen=True)
class Effect:
    """A dot with its interval on a scale from -1 (0) to 1 (100)."""

    low: float
    width: float
    dot: float
    alt: str


@dataclass(frozen=True)
class ResultRow:
    """One measure; ``mark`` tells which correction its difference survives, ``p`` is empty for a score."""

    name: str
    medians: tuple[str, str]
    people: str
    effect: Effect
    effect_text: str
    p: tuple[str, ...]
    mark: str
    auc: str
    rule: tuple[str, str, str]
    gmean: str


@dataclass(frozen=True)
class RocPlot:
    """Paths in a box of 200 by 200, false positive rate to the right, sensitivity upwards."""

    title: str
    curve: str
    band: str
    text: str


@dataclass(frozen=True)
class ComparisonView:
    """One analysis on the page."""

    anchor: str
    title: str
    file: str
    sentence: str
    notes: tuple[str, ...]
    roc: RocPlot | None
    scores: tuple[ResultRow, ...]
    regions: tuple[ResultRow, ...]


def make_comparison_view(item: Comparison, layout: Layout) -> ComparisonView:
    """Write a comparison as text and plots; regions with the smallest corrected p come first."""
    level = layout.comparison.level
    regions = sorted(item.regions, key=_extremeness)
    file = file_label(item.analysis)
    return ComparisonView(
        anchor=anchor_of("comparison", file),
        title=item.title,
        file=file,
        sentence=item.refused or _sentence(item, level),
        notes=item.notes,
        roc=_roc(*item.main, layout) if item.main else None,
        scores=_rows(item.scores, layout),
        regions=_rows(regions, layout),
    )


def _sentence(item: Comparison, level: float) -> str:
    start = f"{count(item.patients, 'patient')} and {count(item.controls, 'control')}."
    total = len(item.regions)
    if not total:
        return f"{start} The analysis has no regions to test."
    tested = [result.p for result in item.regions if result.p]
    fwe, fdr, plain = (
        sum(p < level for p in column)
        for column in zip(*((p.fwe, p.fdr, p.plain) for p in tested), strict=True)
    )
    return (
        f"{start} Of {count(total, 'region')}, {fwe} differ at p < {level:g} corrected family-wise and "
        f"{fdr} at a false discovery rate of {level:.0%}; without correction {plain}, where chance alone "
        f"would give about {write_number(level * total, 1)}."
    )


def _extremeness(result: Result) -> tuple[float, float]:
    """Sort the smallest corrected p first, then the largest effect."""
    return result.p.fwe if result.p else 1.0, -abs(result.found.effect.value)


def _rows(results: Sequence[Result], layout: Layout) -> tuple[ResultRow, ...]:
    """Write results as text; regions share one number of decimals, scores have their own."""
    tables = {each.measure.table for each in results}
    shared = decimals_of([value for each in results for value in each.medians])
    return tuple(
        _row(
            each,
            decimals_of(each.medians) if each.measure.kind == "score" else shared,
            len(tables) > 1,
            layout,
        )
        for each in results
    )


def _row(result: Result, places: int, several: bool, layout: Layout) -> ResultRow:
    measure, found = result.measure, result.found
    first, second = (f"{write_number(value, places)} {measure.unit}".strip() for value in result.medians)
    p = (result.p.plain, result.p.fdr, result.p.fwe) if result.p else ()
    return ResultRow(
        name=_name(measure, several, layout),
        medians=(first, second),
        people=f"{result.patients}, {result.controls}",
        effect=_effect(found.effect),
        effect_text=_span(found.effect),
        p=tuple(write_number(each, 4) for each in p),
        mark=_mark(result.p, layout.comparison.level),
        auc=_span(found.auc),
        rule=(
            f"{write_number(found.threshold)} {measure.unit}".strip(),
            f"{found.sensitivity:.0%}",
            f"{found.specificity:.0%}",
        ),
        gmean=_span(found.gmean),
    )


def _name(measure: Measure, several: bool, layout: Layout) -> str:
    """Name a measure; a region with its side, unless it is in the name, and its table if one of several."""
    if measure.kind == "score":
        return write_name(measure.name, layout.words)
    side = measure.hemisphere if measure.hemisphere in {"left", "right"} else ""
    extra = [
        part for part in ("" if side in measure.name else side, measure.table if several else "") if part
    ]
    return f"{measure.name} ({', '.join(extra)})" if extra else measure.name


def _mark(p: Significance | None, level: float) -> str:
    if p is None:
        return ""
    return "■" if p.fwe < level else "▲" if p.fdr < level else ""


def _span(item: Estimate) -> str:
    value, low, high = (write_number(number, 2) for number in (item.value, item.low, item.high))
    return f"{value} ({low} to {high})"


def _effect(item: Estimate) -> Effect:
    low, dot, high = (round(50 + 50 * number, 1) for number in (item.low, item.value, item.high))
    where = (
        "higher in patients" if item.value > 0 else "lower in patients" if item.value < 0 else "no difference"
    )
    return Effect(low, round(max(high - low, 0.4), 1), dot, f"effect {_span(item)}, {where}")


def _roc(result: Result, curve: RocCurve, layout: Layout) -> RocPlot:
    there = _points(curve.grid, curve.high)
    back = _points(curve.grid[::-1], curve.low[::-1])
    return RocPlot(
        title=write_name(result.measure.name, layout.words),
        curve="M" + "L".join(_points(curve.false_positive, curve.sensitivity)),
        band="M" + "L".join(there + back) + "z",
        text=f"AUC {_span(result.found.auc)}",
    )


def _points(x: Array, y: Array) -> list[str]:
    scale = _SIDE - 2 * _EDGE
    across, down = np.round(_EDGE + scale * x, 1), np.round(_SIDE - _EDGE - scale * y, 1)
    return [f"{a:g} {b:g}" for a, b in zip(across, down, strict=True)]
