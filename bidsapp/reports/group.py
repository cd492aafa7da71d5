"""The report of a cohort from derivatives and logs alone: tables, distributions, who stands out or failed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from bidsapp.errors import NoInputError
from bidsapp.files import write_text
from bidsapp.reports.agreement import agree
from bidsapp.reports.agreement_tables import write_agreements
from bidsapp.reports.articles import anchor_of
from bidsapp.reports.cohort_tables import gather, write_tables
from bidsapp.reports.collect import Visit, find_subjects, find_visits, read_dataset_name, read_participants
from bidsapp.reports.comparison_tables import write_comparisons
from bidsapp.reports.contrast import contrast
from bidsapp.reports.frequency import make_frequency
from bidsapp.reports.group_page import Parts, draw_group_page, is_simulated
from bidsapp.reports.group_tables import Roll
from bidsapp.reports.layout import read_layout
from bidsapp.reports.mean_reasons import average_reasons, write_mean_reasons
from bidsapp.reports.pairs import find_pairs
from bidsapp.reports.stability import find_steadiness, write_steadiness
from bidsapp.reports.trained_bundles import write_trained_bundles

_LOG = logging.getLogger(__name__)


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
    moved = average_reasons(visits)
    written += write_mean_reasons(output_dir, moved)
    frequency = make_frequency(output_dir, visits, layout)
    written += [output_dir / frequency.path] if frequency else []
    roll = Roll(visits, people, _links(output_dir, visits))
    name = read_dataset_name(output_dir)
    trained = write_trained_bundles(output_dir, seed=seed, simulated=is_simulated(name))
    for sentence in trained.left_out:
        _LOG.warning("%s", sentence)
    rows = tuple(row for own in steady.values() for row in own)
    parts = Parts(agreements, moved, frequency, rows, trained)
    page = draw_group_page(name, roll, tables, found, parts, layout)
    return (write_text(output_dir / "group_report.html", page), *written, *trained.written)


def _visits(output_dir: Path, subject: str) -> tuple[Visit, ...]:
    try:
        return find_visits(output_dir, subject)
    except NoInputError:
        return ()  # a folder without a status or findings: nothing ran there


def _links(output_dir: Path, visits: Sequence[Visit]) -> dict[str, str]:
    """Give the link to each visit's report; empty where there is no report."""
    present = {path.name for path in output_dir.glob("sub-*.html")}
    files = {visit.name: f"sub-{visit.subject}.html" for visit in visits}
    return {name: f"{file}#{anchor_of(name)}" if file in present else "" for name, file in files.items()}
