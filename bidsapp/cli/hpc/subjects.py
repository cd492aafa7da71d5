"""Which subjects a cluster is to run: those that the options select, or of them the unfinished ones."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bidsapp.errors import BadDataError, BidsAppError, NoInputError
from bidsapp.layout import status_file
from bidsapp.settings import Settings
from bidsapp.status import RunStatus

LABEL = re.compile(r"[0-9A-Za-z+]+")
Sessions = tuple[str | None, ...]


def select(settings: Settings, subjects_from: Path | None) -> dict[str, Sessions]:
    """List subjects and their sessions by the folders; pybids is asked only where there are filters.

    Parameters
    ----------
    settings
        Of the run.
    subjects_from
        Text file that narrows the choice: one label a line, with or without ``sub-``.

    Raises
    ------
    BadDataError
        A folder's label is none; a task could not name it.
    BidsAppError
        As :func:`bidsapp.bids.query.list_selected` raises.
    """
    from bidsapp.bids.query import list_selected

    if subjects_from is not None:
        settings = replace(settings, participant_label=_read_list(subjects_from))
    found: defaultdict[str, list[str | None]] = defaultdict(list)
    for subject, session in list_selected(settings):
        if not LABEL.fullmatch(subject):
            raise BadDataError(
                f"{settings.bids_dir / f'sub-{subject}'}: {subject!r} is no BIDS label (letters and digits); "
                "rename the folder, or name the subjects with --participant-label."
            )
        found[subject].append(session)
    return {subject: tuple(sessions) for subject, sessions in found.items()}


def unfinished(output_dir: Path, selected: Mapping[str, Sessions]) -> dict[str, str]:
    """Give the subjects of which a session is not done, each with the reason of the first such session.

    Whether a finished result is still up to date is for the run itself to find out: it compares the
    content of everything that the result depends on.
    """
    reasons: dict[str, str] = {}
    for subject, sessions in selected.items():
        for session in sessions:
            reason = _reason(status_file(output_dir, subject, session)).removeprefix(f"sub-{subject}: ")
            if reason:
                reasons[subject] = f"ses-{session}: {reason}" if session else reason
                break
    return reasons


def _reason(path: Path) -> str:
    if not path.exists():
        return "never begun"
    try:
        status = RunStatus.read(path)
    except BidsAppError as error:
        return str(error)
    if status.state == "done":
        return ""
    return status.error or "begun, but killed or still running"


def _read_list(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NoInputError(f"--subjects-from {path} cannot be read ({error}); check the file.") from error
    labels = tuple(dict.fromkeys(line.strip().removeprefix("sub-") for line in lines if line.strip()))
    for label in labels:
        if not LABEL.fullmatch(label):
            raise BadDataError(f"{path}: {label!r} is no BIDS label (letters and digits); mend the line.")
    if not labels:
        raise BadDataError(f"{path} names no subject; write one label a line.")
    return labels
