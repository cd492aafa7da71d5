"""Turns a comparison of two groups into what the page shows: sentences, rows as text, plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bidsapp.reports.articles import anchor_of
from bidsapp.reports.cohort_tables import file_label
from bidsapp.reports.comparison import Comparison, Result, Significance
from bidsapp.reports.comparison_plots import (
    Effect,
    RocPlot,
    Tick,
    draw_effect,
    draw_overview,
    draw_roc,
    write_estimate,
)
from bidsapp.reports.layout import Layout
from bidsapp.reports.numbers import count, decimals_of, write_name, write_number
from bidsapp.reports.sheets import Measure

FAMILY_WISE, FALSE_DISCOVERY = "■", "▲"  # marks of regions that differ


@dataclass(frozen=True)
class ResultRow:
    """One measure; ``mark`` tells which correction its difference survives, ``p`` is empty for a score.

    ``gmean`` is the value alone, and with its interval.
    """

    name: str
    medians: tuple[str, str]
    effect: Effect
    effect_text: str
    p: tuple[str, ...]
    mark: str
    auc: str
    rule: tuple[str, str, str]
    gmean: tuple[str, str]


@dataclass(frozen=True)
class ComparisonView:
    """One analysis on the page."""

    anchor: str
    title: str
    file: str
    sentence: str
    notes: tuple[str, ...]
    roc: RocPlot | None
    overview: tuple[Tick, ...]
    scores: tuple[ResultRow, ...]
    regions: tuple[ResultRow, ...]


def make_comparison_view(item: Comparison, layout: Layout) -> ComparisonView:
    """Write a comparison as text and plots; regions with the smallest corrected p come first."""
    level = layout.comparison.level
    results = sorted(item.regions, key=_extremeness)
    regions = _rows(results, layout)
    file = file_label(item.analysis)
    return ComparisonView(
        anchor=anchor_of("comparison", file),
        title=item.title,
        file=file,
        sentence=item.refused or _sentence(item, level),
        notes=item.notes,
        roc=_roc(item, layout),
        overview=draw_overview(
            (row.name, result.found.effect, row.mark == FAMILY_WISE)
            for row, result in zip(regions, results, strict=True)
        ),
        scores=_rows(item.scores, layout),
        regions=regions,
    )


def _sentence(item: Comparison, level: float) -> str:
    start = f"{count(item.patients, 'patient')} and {count(item.controls, 'control')}."
    total = len(item.regions)
    if not total:
        return f"{start} The analysis has no regions to test."
    tested = [result.p for result in item.regions if result.p]
    strict, lenient, plain = (
        sum(p < level for p in column)
        for column in zip(*((p.family_wise, p.false_discovery, p.plain) for p in tested), strict=True)
    )
    return (
        f"{start} Of {count(total, 'region')} there differ: {strict} at p < {level:g} corrected family-wise, "
        f"{lenient} at a false discovery rate of {level:.0%}, {plain} at p < {level:g} without correction, "
        f"where chance alone would give about {write_number(level * total, 1)}."
    )


def _extremeness(result: Result) -> tuple[float, float]:
    """Sort the smallest corrected p first, then the largest effect."""
    return result.p.family_wise if result.p else 1.0, -abs(result.found.effect.value)


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
    p = (result.p.plain, result.p.false_discovery, result.p.family_wise) if result.p else ()
    return ResultRow(
        name=_name(measure, several, layout),
        medians=(first, second),
        effect=draw_effect(found.effect),
        effect_text=write_estimate(found.effect),
        p=tuple(write_number(each, 4 if each >= 1e-4 else None) for each in p),
        mark=_mark(result.p, layout.comparison.level),
        auc=write_estimate(found.auc),
        rule=(
            f"{write_number(found.threshold)} {measure.unit}".strip(),
            f"{found.sensitivity:.0%}",
            f"{found.specificity:.0%}",
        ),
        gmean=(write_number(found.gmean.value, 2), write_estimate(found.gmean)),
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
    return FAMILY_WISE if p.family_wise < level else FALSE_DISCOVERY if p.false_discovery < level else ""


def _roc(item: Comparison, layout: Layout) -> RocPlot | None:
    if item.main is None:
        return None
    result, curve = item.main
    return draw_roc(_name(result.measure, False, layout), result.found.auc, curve)
