"""Brings together what the group page says of patients and controls: who, how alike, what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bidsapp.reports.balance import Balance, check_balance
from bidsapp.reports.collect import Visit
from bidsapp.reports.comparison import Comparison, compare
from bidsapp.reports.layout import ComparisonRules
from bidsapp.reports.sheets import make_sheets
from bidsapp.reports.two_groups import Groups, People, tell_groups


@dataclass(frozen=True)
class Contrast:
    """Two groups, their balance, and a comparison of each analysis; the last empty without groups."""

    groups: Groups
    balance: Balance
    comparisons: tuple[Comparison, ...]


def contrast(
    visits: Sequence[Visit], people: People, query: str | None, rules: ComparisonRules, seed: int
) -> Contrast:
    """Compare patients with controls in every analysis.

    Raises
    ------
    UsageError, NothingSelectedError
        The query is wrong, or leaves no control or no patient.
    """
    groups = tell_groups(people, list(dict.fromkeys(visit.subject for visit in visits)), query, rules)
    sheets = make_sheets(visits, groups)
    compared = {subject for sheet in sheets for subject in sheet.subjects}
    balance = check_balance(people, groups.patients & compared, groups.controls & compared, rules)
    return Contrast(groups, balance, tuple(compare(sheet, rules, seed) for sheet in sheets))
