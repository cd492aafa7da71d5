"""Labels that several bedside exams make together, for trainings that name the scale and no column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bidsapp.cohort import Cohort, Member
from bidsapp.errors import NothingSelectedError

if TYPE_CHECKING:
    from pathlib import Path

    from bidsapp.analyses.coma.exams import Label

SCALE = "crsr"
"""``--target crsr``: the Coma Recovery Scale-Revised of ``phenotype/``, exams of a patient combined."""


def with_exams(cohort: Cohort, bids_dir: Path) -> Cohort | None:
    """Label every session by its exams; ``None`` where the dataset has no table of exams.

    Members get the covariates ``crsr`` and, where the subscales tell it, ``diagnosis`` (``UWS``, ``MCS``,
    ``emerged``). Exams without a session are of all sessions of the subject; members without exams are left
    out, healthy controls are not.

    Raises
    ------
    BadDataError
        An exam is out of range, or its subscales do not add up.
    NothingSelectedError
        No member has an exam.
    """
    from bidsapp.analyses.coma.exams import label_patients
    from bidsapp.bids.phenotype import read_exams

    labels = label_patients(read_exams(bids_dir))
    if not labels:
        return None
    members = [labelled for member in cohort.members if (labelled := _labelled(member, labels)) is not None]
    if not members:
        raise NothingSelectedError(
            f"No preprocessed session has an exam in {bids_dir / 'phenotype'}; check participant_id there."
        )
    controls = (_labelled(control, labels) or control for control in cohort.controls)
    return Cohort(tuple(members), controls=tuple(controls))


def _labelled(member: Member, labels: Mapping[tuple[str, str | None], Label]) -> Member | None:
    label = labels.get((member.subject, member.session)) or labels.get((member.subject, None))
    if label is None:
        return None
    said: dict[str, str | float] = {SCALE: float(label.total)}
    if label.state is not None:
        said["diagnosis"] = label.state.name if label.state.name != "EMERGED" else "emerged"
    return replace(member, covariates={**member.covariates, **said})
