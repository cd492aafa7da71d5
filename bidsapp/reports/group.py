"""The report of a cohort from derivatives and logs alone: tables, distributions, who stands out or failed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import bidsapp
from bidsapp.errors import NoInputError
from bidsapp.files import write_text
from bidsapp.reports.agreement import Agreement, agree
from bidsapp.reports.agreement_tables import write_agreements
from bidsapp.reports.agreement_view import make_agreement_view
from bidsapp.reports.articles import anchor_of
from bidsapp.reports.cohort_tables import ScoreTable, gather, reasons, write_tables
from bidsapp.reports.collect import (
    PREPARATION,
    Visit,
    find_subjects,
    find_visits,
    read_dataset_name,
    read_participants,
)
from bidsapp.reports.comparison_tables import write_comparisons
from bidsapp.reports.comparison_view import make_comparison_view
from bidsapp.reports.contrast import Contrast, contrast
from bidsapp.reports.frequency import Frequency, make_frequency
from bidsapp.reports.group_tables import Roll, make_group_table
from bidsapp.reports.layout import Layout, read_layout
from bidsapp.reports.numbers import count, write_name, write_number
from bidsapp.reports.page import render
from bidsapp.reports.pairs import find_pairs
from bidsapp.reports.stability import Steadiness, find_steadiness, pooled_cv, write_steadiness
from bidsapp.reports.subject import STATES
from bidsapp.reports.trained_bundles import TrainedBundles, write_trained_bundles

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attention:
    """A visit that somebody should look at."""

    name: str
    link: str
    state: str
    state_text: str
    exit_code: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Parts:
    """What only some cohorts have.

    Attributes
    ----------
    agreements
        Of what was predicted and is known, too.
    frequency, steady
        Where people have lesions, and how steady what is measured of them is.
    trained
        Bundles in the output folder.
    """

    agreements: tuple[Agreement, ...]
    frequency: Frequency | None
    steady: tuple[Steadiness, ...]
    trained: TrainedBundles


def write_group(output_dir: Path, *, controls: str | None = None, seed: int = 0) -> tuple[Path, ...]:
    """Write ``group_report.html``, the tables ``group_*.tsv`` and maps; give their paths, the page first.

    A bundle that is damaged is left out; the page and the log name it.

    Parameters
    ----------
    output_dir
        What the participant level filled; nothing else is read.
    controls
        Query on its ``participants.tsv`` that tells who is a control; see
        :func:`~bidsapp.reports.two_groups.tell_groups` for what happens without.
    seed
        Of permutations and bootstrap.

    Raises
    ------
    NoInputError
        No subject left logs in ``output_dir``.
    UsageError, NothingSelectedError
        ``controls`` is wrong, or leaves no control or no patient.
    CannotWriteError, InputOutputError
        A file cannot be written.
    """
    subjects = find_subjects(output_dir)
    visits = [visit for subject in subjects for visit in _visits(output_dir, subject)]
    if not visits:
        raise NoInputError(f"{output_dir} holds no logs of any subject; run the participant level first.")
    layout = read_layout()
    tables = gather(visits, layout.limits)
    people = read_participants(output_dir)
    found = contrast(visits, people, controls, layout.comparison, seed)
    written = write_tables(output_dir, visits, tables) + write_comparisons(output_dir, found.comparisons)
    agreements = tuple(agree(pairs, people, layout.agreement, seed) for pairs in find_pairs(visits))
    written += write_agreements(output_dir, agreements)
    steady = {table.analysis: find_steadiness(table, visits, layout.steady) for table in tables}
    written += write_steadiness(output_dir, steady)
    frequency = make_frequency(output_dir, visits, layout)
    written += [output_dir / frequency.path] if frequency else []
    roll = Roll(visits, people, _links(output_dir, visits))
    name = read_dataset_name(output_dir)
    trained = write_trained_bundles(output_dir, seed=seed, simulated=_is_simulated(name))
    for sentence in trained.left_out:
        _LOG.warning("%s", sentence)
    parts = Parts(agreements, frequency, tuple(row for own in steady.values() for row in own), trained)
    page = _render(name, roll, tables, found, parts, layout)
    return (write_text(output_dir / "group_report.html", page), *written, *trained.written)


def _is_simulated(name: str) -> bool:
    return "simulated" in name.lower()


def _visits(output_dir: Path, subject: str) -> tuple[Visit, ...]:
    try:
        return find_visits(output_dir, subject)
    except NoInputError:
        return ()  # a folder without a status or findings: nothing ran there


def _render(
    name: str,
    roll: Roll,
    tables: Sequence[ScoreTable],
    found: Contrast,
    parts: Parts,
    layout: Layout,
) -> str:
    visits, links = roll.visits, roll.links
    attention = _attention(visits, tables, links, layout)
    odd = {item.name for item in attention}
    states = Counter(visit.state for visit in visits)
    versions = sorted({visit.status.version for visit in visits if visit.status}) or [bidsapp.__version__]
    subjects = len({visit.subject for visit in visits})
    return render(
        "group.html.j2",
        dataset=name,
        simulated=_is_simulated(name),
        versions=versions,
        sentence=_sentence(subjects, visits, tables, attention),
        tally=[(STATES[state], number) for state, number in sorted(states.items())],
        attention=attention,
        skipped=_skipped(visits, links),
        groups=found.groups,
        balance=found.balance,
        comparisons=[make_comparison_view(item, layout) for item in found.comparisons],
        agreements=[make_agreement_view(item, links, layout) for item in parts.agreements],
        rules=layout,
        tables=[make_group_table(table, roll, odd, layout) for table in tables],
        links=links,
        trained=parts.trained,
        frequency=parts.frequency,
        steady=_steady_rows(parts.steady, layout),
        limits=layout.limits,
    )


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


def _attention(
    visits: Sequence[Visit], tables: Sequence[ScoreTable], links: Mapping[str, str], layout: Layout
) -> list[Attention]:
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


def _skipped(
    visits: Sequence[Visit], links: Mapping[str, str]
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Give (what, why, visits) for everything that was skipped, the most frequent first."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for visit in visits:
        for what, why in visit.status.skipped.items() if visit.status else ():
            found.setdefault((what, why), []).append((visit.name, links[visit.name]))
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(what, why, names) for (what, why), names in ordered]


def _links(output_dir: Path, visits: Sequence[Visit]) -> dict[str, str]:
    """Give the link to each visit's report; empty where there is no report."""
    present = {path.name for path in output_dir.glob("sub-*.html")}
    files = {visit.name: f"sub-{visit.subject}.html" for visit in visits}
    return {name: f"{file}#{anchor_of(name)}" if file in present else "" for name, file in files.items()}
