"""Writes ``group_<analysis>_agreement.tsv``: every number of predicted against observed, one in a row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from bidsapp.findings import Cell
from bidsapp.learning.discrimination import Estimate
from bidsapp.reports.agreement import Agreement
from bidsapp.reports.cohort_tables import file_label, write_rows

Row = dict[str, Cell]


def write_agreements(output_dir: Path, found: Sequence[Agreement]) -> list[Path]:
    """Write a table for each analysis that has anything measured.

    Columns: ``target``; ``column`` and ``group`` of ``participants.tsv`` (of coverage also ``observed``, and
    the third by observed score); ``measure``; ``at``, the mean probability of a bin or the threshold of a net
    benefit; ``people``; ``value`` with its 95 % interval, ``low`` to ``high``.
    """
    rows: dict[str, list[Row]] = {}
    for item in found:
        rows.setdefault(file_label(item.pairs.analysis), []).extend(_rows(item))
    return [write_rows(output_dir / f"group_{name}_agreement.tsv", own) for name, own in rows.items() if own]


def _rows(item: Agreement) -> Iterator[Row]:
    target, people = item.pairs.target, item.pairs.people
    for measure, value in item.measures.items():
        yield _row(target, measure, people, value)
    for third, coverage in item.coverage.items():
        where = (None, None) if third == "all" else ("observed", f"{third} third")
        yield _row(target, "coverage", coverage.patients, coverage.share, group=where)
        yield _row(target, "mean_width", coverage.patients, _alone(coverage.mean_width), group=where)
    for bin_ in item.calibration:
        yield _row(target, "observed_share", bin_.people, bin_.observed, at=bin_.predicted)
    if item.decision:
        curve = item.decision.curve
        for place, threshold in enumerate(curve.thresholds.tolist()):
            ends = float(item.decision.low[place]), float(item.decision.high[place])
            model = Estimate(float(curve.model[place]), *ends)
            yield _row(target, "net_benefit", people, model, at=threshold)
            everyone = _alone(float(curve.everyone[place]))
            yield _row(target, "net_benefit_of_everyone", people, everyone, at=threshold)
    for breakdown in item.breakdowns:
        for group in breakdown.groups:
            where = (breakdown.column, group.name)
            yield _row(target, "mae", group.people, group.mae, group=where)
            yield _row(target, "mean_error", group.people, group.mean_error, group=where)


def _row(
    target: str,
    measure: str,
    people: int,
    value: Estimate,
    *,
    group: tuple[str | None, str | None] = (None, None),
    at: float | None = None,
) -> Row:
    return {
        "target": target,
        "column": group[0],
        "group": group[1],
        "measure": measure,
        "at": at,
        "people": people,
        "value": _known(value.value),
        "low": _known(value.low),
        "high": _known(value.high),
    }


def _alone(value: float) -> Estimate:
    return Estimate(value, math.nan, math.nan)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
