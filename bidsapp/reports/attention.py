"""Whom somebody should look at, and what did not run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bidsapp.reports.cohort_tables import ScoreTable, reasons
from bidsapp.reports.collect import Visit
from bidsapp.reports.layout import Layout
from bidsapp.reports.subject import STATES

Skipped = list[tuple[str, str, list[tuple[str, str]]]]


@dataclass(frozen=True)
class Attention:
    """A visit that somebody should look at."""

    name: str
    link: str
    state: str
    state_text: str
    exit_code: str
    reasons: tuple[str, ...]


def find_attention(
    visits: Sequence[Visit], tables: Sequence[ScoreTable], links: Mapping[str, str], layout: Layout
) -> list[Attention]:
    """Find visits that failed, did not finish, have a damaged log, or stand out of the cohort."""
    found = []
    for visit in visits:
        why = [*visit.problems, *reasons(tables, visit.name, layout.limits, layout.words)]
        if visit.state != "done":
            error = visit.status.error if visit.status else ""
            why.insert(0, error or f"{STATES[visit.state]}.")
        if why:
            code = str(int(visit.status.exit_code)) if visit.status and visit.state == "failed" else ""
            found.append(
                Attention(visit.name, links[visit.name], visit.state, STATES[visit.state], code, tuple(why))
            )
    return found


def list_skipped(visits: Sequence[Visit], links: Mapping[str, str]) -> Skipped:
    """Give (what, why, visits) for everything that was skipped, the most frequent first."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for visit in visits:
        for what, why in visit.status.skipped.items() if visit.status else ():
            found.setdefault((what, why), []).append((visit.name, links[visit.name]))
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(what, why, names) for (what, why), names in ordered]
