"""The healthy controls of a cohort, encoded; who may not be one is refused here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bidsapp.analyses.coma.emptiness import nothing_in
from bidsapp.analyses.coma.encoding import encode
from bidsapp.analyses.coma.healthy_parts import FEWEST, shared
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.rows import Rows, check_signals, digests_of
from bidsapp.errors import BadDataError
from bidsapp.learning.validation.guards import check_images

if TYPE_CHECKING:
    from bidsapp.cohort import Cohort, Member


def read_controls(cohort: Cohort, rows: Rows, options: Options) -> tuple[Patient, ...]:
    """Encode the healthy controls of a cohort; none where none are named or nobody is to be refused.

    Parameters
    ----------
    cohort
        With its controls.
    rows
        The patients.
    options
        Of the recipe; with a ``healthy_alpha`` of 0 there are no controls.

    Raises
    ------
    BadDataError
        There are too few, one is a patient, too, or has a label, shows nothing, or shares an image, or
        patients and controls have too little in common.
    """
    if not cohort.controls or not options.healthy_alpha:
        return ()
    people = {control.subject for control in cohort.controls}
    if len(people) < FEWEST:
        raise BadDataError(
            f"--controls names {len(people)} healthy people; at least {FEWEST} are needed to tell patients "
            "from them: add some, or leave --controls out."
        )
    for member in cohort.controls:
        _check_member(member, rows)
    controls = [encode(member, atlas=options.atlas, volumes=False) for member in cohort.controls]
    for member, control in zip(cohort.controls, controls, strict=True):
        if nothing := nothing_in(control):
            raise BadDataError(f"{member.name} is a control, but {nothing}; leave it out by --controls.")
    everybody = [*rows.patients, *controls]
    check_signals(everybody)
    check_images([digests_of(person) for person in everybody], [person.subject for person in everybody])
    shared(rows.patients, controls)
    return tuple(controls)


def _check_member(control: Member, rows: Rows) -> None:
    """Refuse a control with a label: the query or the table is wrong, and either would teach nonsense."""
    if rows.name in control.covariates:
        raise BadDataError(
            f"{control.name} is named by --controls and has a value in column '{rows.name}': nobody is a "
            "healthy control and a patient; mend the query or the table."
        )
    if control.subject in rows.groups:
        raise BadDataError(
            f"sub-{control.subject} is a healthy control in one session and a patient in another; mend the "
            "query of --controls."
        )
