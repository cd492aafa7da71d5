"""Labels that several bedside exams make together, for trainings that name the scale and no column."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from bidsapp.cohort import Cohort, Member
from bidsapp.errors import NothingSelectedError

if TYPE_CHECKING:
    from pathlib import Path

    from bidsapp.analyses.coma.exams import Exam, Label

    Exams = Mapping[tuple[str, str | None], Sequence[Exam]]

_LOG = logging.getLogger(__name__)

SCALE = "crsr"
"""``--target crsr``: the Coma Recovery Scale-Revised of ``phenotype/``, exams of a patient combined."""
SCAN_DAY = "days_since_injury"
"""Column of ``participants.tsv`` or ``sessions.tsv`` that gives the day of the scan."""


@dataclass(frozen=True)
class _Labelled:
    """A member with its exams' label, and whether nothing told which exams are near the scan."""

    member: Member
    label: Label
    far_apart: bool


def with_exams(cohort: Cohort, bids_dir: Path) -> Cohort | None:
    """Label every session by its exams; ``None`` where the dataset has no table of exams.

    Members get the covariates ``crsr`` and, where the subscales tell it, ``diagnosis`` (``UWS``, ``MCS``,
    ``emerged``). Exams without a session are of all sessions of the subject. The best exam within 14 days of
    the scan counts where ``participants.tsv`` or ``sessions.tsv`` has ``days_since_injury``, else the best of
    the last 14 days; exams without days all count. Members without such exams are left out, healthy controls
    are not. The notes of the cohort say what of this must be known, and so does the log.

    Raises
    ------
    BadDataError
        An exam is out of range, or its subscales do not add up.
    NothingSelectedError
        No member has an exam, or none near the scan.
    """
    from bidsapp.analyses.coma.exams import WINDOW_DAYS, exams_by_patient
    from bidsapp.bids.phenotype import read_exams

    exams = exams_by_patient(read_exams(bids_dir))
    if not exams:
        return None
    examined = [member for member in cohort.members if _exams_of(member, exams)]
    if not examined:
        raise NothingSelectedError(
            f"No preprocessed session has an exam in {bids_dir / 'phenotype'}; check participant_id there."
        )
    found = [own for member in examined if (own := _labelled(member, exams, bids_dir)) is not None]
    if not found:
        raise NothingSelectedError(
            f"No preprocessed session has an exam within {WINDOW_DAYS:g} days of its scan in "
            f"{bids_dir / 'phenotype'}; check {SCAN_DAY} and the exams' days."
        )
    controls = [(control, _labelled(control, exams, bids_dir)) for control in cohort.controls]
    notes = _notes(found, far=len(examined) - len(found))
    for note in notes:
        _LOG.warning(note)
    return Cohort(
        tuple(own.member for own in found),
        controls=tuple(own.member if own is not None else control for control, own in controls),
        notes=notes,
    )


def _exams_of(member: Member, exams: Exams) -> Sequence[Exam]:
    return exams.get((member.subject, member.session)) or exams.get((member.subject, None), ())


def _labelled(member: Member, exams: Exams, bids_dir: Path) -> _Labelled | None:
    from bidsapp.analyses.coma.exams import combine, far_apart

    own, day = _exams_of(member, exams), _scan_day(member, bids_dir)
    label = combine(own, day=day)
    if label is None:
        return None
    said: dict[str, str | float] = {SCALE: float(label.total)}
    if label.state is not None:
        said["diagnosis"] = label.state.name if label.state.name != "EMERGED" else "emerged"
    labelled = replace(member, covariates={**member.covariates, **said})
    return _Labelled(labelled, label, far_apart(own, day))


def _scan_day(member: Member, bids_dir: Path) -> float | None:
    """Give the day of the scan; a column of ``phenotype/`` is not asked, since it may be that of an exam."""
    from bidsapp.bids.tables import read_covariates

    tables, _ = read_covariates(bids_dir, member.subject, member.session, phenotype=False)
    day = tables.get(SCAN_DAY)
    return day if isinstance(day, float) else None


def _notes(found: Sequence[_Labelled], *, far: int) -> tuple[str, ...]:
    """Say how many labels were left out, are of exams far apart, or rest on few exams."""
    from bidsapp.analyses.coma.exams import ENOUGH_EXAMS, MISDIAGNOSED_BY_ONE_EXAM, WINDOW_DAYS

    notes = []
    if far:
        notes.append(
            f"Sessions without an exam within {WINDOW_DAYS:g} days of the scan were left out ({far})."
        )
    loose = sum(own.far_apart for own in found)
    if loose:
        notes.append(
            f"Of {loose} of {len(found)} sessions it is not known which exams are near the scan, since "
            f"{SCAN_DAY} or the exams' days are missing: the label is the best exam of the last "
            f"{WINDOW_DAYS:g} days, or of all that have no day."
        )
    few = sum(own.label.exams < ENOUGH_EXAMS for own in found)
    if few:
        error = median(own.label.error for own in found)
        notes.append(
            f"{few} of {len(found)} labels rest on fewer than {ENOUGH_EXAMS} exams: one exam alone "
            f"misdiagnoses {MISDIAGNOSED_BY_ONE_EXAM:.0%} of patients, and the standard error of a label is "
            f"{error:.1f} points (median)."
        )
    return tuple(notes)
