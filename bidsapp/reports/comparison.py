"""Compares patients with controls in every score and region of an analysis, from its sheet alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.learning.discrimination import Discrimination, RocCurve, discriminate, roc_curve
from bidsapp.learning.group_tests import Array, Flags, compare_groups
from bidsapp.reports.layout import ComparisonRules
from bidsapp.reports.numbers import count, write_number
from bidsapp.reports.sheets import Measure, Sheet


@dataclass(frozen=True)
class Significance:
    """Two-sided p of one region; see :class:`~bidsapp.learning.group_tests.GroupTests`."""

    plain: float
    false_discovery: float
    family_wise: float


@dataclass(frozen=True)
class Result:
    """One measure in both groups.

    Attributes
    ----------
    patients, controls
        How many of either have a value.
    medians
        Of patients and of controls.
    p
        Of a region; ``None`` for a score, which is not tested.
    """

    measure: Measure
    patients: int
    controls: int
    medians: tuple[float, float]
    found: Discrimination
    p: Significance | None


@dataclass(frozen=True)
class Comparison:
    """Two groups in one analysis.

    Attributes
    ----------
    refused
        Why nothing is tested; empty when something is.
    scores, regions
        Results in the order of the findings.
    notes
        What a reader has to know to judge them.
    main
        The result whose ROC curve is drawn, with the curve.
    """

    analysis: str
    title: str
    patients: int
    controls: int
    refused: str
    scores: tuple[Result, ...] = ()
    regions: tuple[Result, ...] = ()
    notes: tuple[str, ...] = ()
    main: tuple[Result, RocCurve] | None = None


def compare(sheet: Sheet, rules: ComparisonRules, seed: int) -> Comparison:
    """Compare the groups; with fewer than ``rules.fewest`` people in one of them nothing is tested."""
    patients = int(sheet.patient.sum())
    controls = sheet.patient.size - patients
    if min(patients, controls) < rules.fewest:
        return Comparison(
            sheet.analysis, sheet.title, patients, controls, _refusal(patients, controls, rules)
        )
    enough = _enough(sheet, rules.fewest)
    results = _results(sheet, np.flatnonzero(enough).tolist(), rules, seed)
    scores = tuple(result for result in results if result.measure.kind == "score")
    return Comparison(
        analysis=sheet.analysis,
        title=sheet.title,
        patients=patients,
        controls=controls,
        refused="" if results else "Nothing is tested: no number is known of enough people in both groups.",
        scores=scores,
        regions=tuple(result for result in results if result.measure.kind == "region"),
        notes=_notes(sheet, int((~enough).sum()), controls, rules),
        main=_main(sheet, scores, rules, seed),
    )


def _enough(sheet: Sheet, fewest: int) -> Flags:
    """Tell of which measures enough people of either group have a value."""
    known = ~np.isnan(sheet.values)
    counts = np.array([known[sheet.patient].sum(axis=0), known[~sheet.patient].sum(axis=0)])
    return np.asarray((counts >= fewest).all(axis=0))


def _results(sheet: Sheet, columns: Sequence[int], rules: ComparisonRules, seed: int) -> list[Result]:
    regions = [column for column in columns if sheet.measures[column].kind == "region"]
    tests = compare_groups(
        sheet.values[:, regions], sheet.patient, permutations=rules.permutations, seed=seed
    )
    p = {
        column: Significance(*(float(each) for each in row))
        for column, row in zip(regions, np.column_stack([tests.p, tests.p_fdr, tests.p_fwe]), strict=True)
    }
    results = []
    for column in columns:
        patients, controls = _split(sheet, column)
        found = discriminate(
            patients, controls, quantile=rules.quantile, resamples=rules.resamples, seed=seed
        )
        medians = float(np.median(patients)), float(np.median(controls))
        measure = sheet.measures[column]
        results.append(Result(measure, patients.size, controls.size, medians, found, p.get(column)))
    return results


def _split(sheet: Sheet, column: int) -> tuple[Array, Array]:
    """Give the known values of patients and of controls."""
    values = sheet.values[:, column]
    known = ~np.isnan(values)
    return values[known & sheet.patient], values[known & ~sheet.patient]


def _main(
    sheet: Sheet, scores: Sequence[Result], rules: ComparisonRules, seed: int
) -> tuple[Result, RocCurve] | None:
    if not scores:
        return None
    chosen = next((item for item in scores if item.measure.name in rules.main), scores[0])
    patients, controls = _split(sheet, sheet.measures.index(chosen.measure))
    return chosen, roc_curve(patients, controls, resamples=rules.resamples, seed=seed)


def _refusal(patients: int, controls: int, rules: ComparisonRules) -> str:
    return (
        f"Nothing is tested: {count(patients, 'patient')} and {count(controls, 'control')} have results; "
        f"each group needs {rules.fewest}. With fewer, hardly any difference is beyond chance once it is "
        "corrected for the number of regions, and intervals and quantiles mean little."
    )


def _notes(sheet: Sheet, left_out: int, controls: int, rules: ComparisonRules) -> tuple[str, ...]:
    notes = list(sheet.notes)
    if left_out:
        notes.append(
            f"{count(left_out, 'measure')} left out: known of fewer than {rules.fewest} people of one group."
        )
    if (controls - 1) * (1 - rules.quantile) < 1:
        notes.append(
            f"The {write_number(100 * rules.quantile)} % quantile of {controls} controls lies between their "
            "two highest values, so thresholds depend on one or two people."
        )
    return tuple(notes)
