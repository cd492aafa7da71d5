"""Writes the comparison of two groups as tables that other programs read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bidsapp.files import write_error
from bidsapp.findings import Cell
from bidsapp.learning.discrimination import Estimate
from bidsapp.reports.cohort_tables import file_label, write_rows
from bidsapp.reports.comparison import Comparison, Result

_KINDS = ("comparison", "roc")


def write_comparisons(output_dir: Path, comparisons: Sequence[Comparison]) -> list[Path]:
    """Write ``group_<analysis>_comparison.tsv`` (regions) and ``group_<analysis>_roc.tsv`` (scores, regions).

    Tables of an earlier run are removed: they could tell of other groups than the page.

    Raises
    ------
    CannotWriteError, InputOutputError
        A file cannot be written or removed.
    """
    for kind in _KINDS:
        for path in output_dir.glob(f"group_*_{kind}.tsv"):
            try:
                path.unlink()
            except OSError as error:
                raise write_error(path, error) from error
    written = []
    for item in comparisons:
        rows = {
            "comparison": [_tested(result) for result in item.regions],
            "roc": [_discriminated(result) for result in (*item.scores, *item.regions)],
        }
        written += [
            write_rows(output_dir / f"group_{file_label(item.analysis)}_{kind}.tsv", rows[kind])
            for kind in _KINDS
            if rows[kind]
        ]
    return written


def _tested(result: Result) -> Mapping[str, Cell]:
    return {
        "table": result.measure.table,
        **_who(result, "region"),
        **_estimate("effect", result.found.effect),
        "p": result.p.plain if result.p else None,
        "p_fdr": result.p.false_discovery if result.p else None,
        "p_fwe": result.p.family_wise if result.p else None,
    }


def _discriminated(result: Result) -> Mapping[str, Cell]:
    found = result.found
    return {
        "kind": result.measure.kind,
        **_who(result, "measure"),
        **_estimate("auc", found.auc),
        "threshold": found.threshold,
        "sensitivity": found.sensitivity,
        "specificity": found.specificity,
        **_estimate("gmean", found.gmean),
    }


def _who(result: Result, name: str) -> dict[str, Cell]:
    return {
        name: result.measure.name,
        "hemisphere": result.measure.hemisphere,
        "unit": result.measure.unit,
        "n_patients": result.patients,
        "n_controls": result.controls,
        "median_patients": result.medians[0],
        "median_controls": result.medians[1],
    }


def _estimate(name: str, estimate: Estimate) -> dict[str, Cell]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
