"""The page of a cohort, from parts that are worked out already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import bidsapp
from bidsapp.reports.agreement import Agreement
from bidsapp.reports.agreement_view import make_agreement_view
from bidsapp.reports.attention import Attention, find_attention, list_skipped
from bidsapp.reports.cohort_tables import ScoreTable
from bidsapp.reports.collect import PREPARATION, Visit
from bidsapp.reports.comparison_view import make_comparison_view
from bidsapp.reports.contrast import Contrast
from bidsapp.reports.frequency import Frequency
from bidsapp.reports.group_tables import Roll, make_group_table
from bidsapp.reports.layout import Layout
from bidsapp.reports.mean_reasons import MeanReasons, make_reasons_view
from bidsapp.reports.numbers import count, write_name, write_number
from bidsapp.reports.page import render
from bidsapp.reports.stability import Steadiness, pooled_cv
from bidsapp.reports.subject import STATES
from bidsapp.reports.trained_bundles import TrainedBundles


@dataclass(frozen=True)
class Parts:
    """What only some cohorts have.

    Attributes
    ----------
    agreements
        Of what was predicted and is known, too.
    reasons
        What moved predictions.
    frequency, steady
        Where people have lesions, and how steady what is measured of them is.
    trained
        Bundles in the output folder.
    """

    agreements: tuple[Agreement, ...]
    reasons: tuple[MeanReasons, ...]
    frequency: Frequency | None
    steady: tuple[Steadiness, ...]
    trained: TrainedBundles


def draw_group_page(
    name: str, roll: Roll, tables: Sequence[ScoreTable], found: Contrast, parts: Parts, layout: Layout
) -> str:
    """Write the page (HTML).

    Parameters
    ----------
    name
        Of the dataset.
    roll, tables
        Who is in the cohort, and the scores of each analysis.
    found
        Patients against controls.
    parts, layout
        What else there is, and how it is laid out.
    """
    visits, links = roll.visits, roll.links
    attention = find_attention(visits, tables, links, layout)
    odd = {item.name for item in attention}
    states = Counter(visit.state for visit in visits)
    versions = sorted({visit.status.version for visit in visits if visit.status}) or [bidsapp.__version__]
    subjects = len({visit.subject for visit in visits})
    return render(
        "group.html.j2",
        dataset=name,
        simulated=is_simulated(name),
        versions=versions,
        sentence=_sentence(subjects, visits, tables, attention),
        tally=[(STATES[state], number) for state, number in sorted(states.items())],
        attention=attention,
        skipped=list_skipped(visits, links),
        groups=found.groups,
        balance=found.balance,
        comparisons=[make_comparison_view(item, layout) for item in found.comparisons],
        agreements=[make_agreement_view(item, links, layout) for item in parts.agreements],
        reasons=[make_reasons_view(item) for item in parts.reasons],
        rules=layout,
        tables=[make_group_table(table, roll, odd, layout) for table in tables],
        links=links,
        trained=parts.trained,
        frequency=parts.frequency,
        steady=_steady_rows(parts.steady, layout),
        limits=layout.limits,
    )


def is_simulated(name: str) -> bool:
    """Tell by its name whether a dataset is simulated."""
    return "simulated" in name.lower()


def _sentence(
    subjects: int, visits: Sequence[Visit], tables: Sequence[ScoreTable], attention: Sequence[Attention]
) -> str:
    sessions = f" with {count(len(visits), 'session')}" if any(visit.session for visit in visits) else ""
    analyses = [table for table in tables if table.analysis != PREPARATION]
    ran = ", ".join(f"{table.title} ({len(table.rows)})" for table in analyses) or "none"
    need = f"{len(attention)} should be looked at." if attention else "None stands out."
    return f"{count(subjects, 'subject')}{sessions}. Analyses: {ran}. {need}"


def _steady_rows(rows: Sequence[Steadiness], layout: Layout) -> list[tuple[str, str, int, int]]:
    """Give measure, pooled CV, people with a CV and people in all, as text."""
    pooled = pooled_cv(rows)
    people = Counter(row.measure for row in rows)
    return [
        (
            write_name(name, layout.words),
            f"{write_number(pooled[name][0], 1)} %" if name in pooled else "n/a",
            pooled[name][1] if name in pooled else 0,
            number,
        )
        for name, number in people.items()
    ]
