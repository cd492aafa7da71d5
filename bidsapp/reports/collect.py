"""Gathers what the output folder says of each subject and session; a damaged file is reported, not fatal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bidsapp.errors import BadDataError, BidsAppError, NoInputError
from bidsapp.findings import Findings
from bidsapp.status import RunStatus

PREPARATION = "preproc"
_LABEL = re.compile(r"[0-9A-Za-z+]+")


@dataclass(frozen=True)
class Visit:
    """One subject and session as its logs tell it.

    Attributes
    ----------
    findings
        Preprocessing first, then by name of the analysis.
    problems
        A sentence for each log file that could not be read, and for findings that the last run was to renew
        and has not: they are left out.
    """

    subject: str
    session: str | None
    status: RunStatus | None
    findings: tuple[Findings, ...]
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``sub-01`` or ``sub-01_ses-02``."""
        return f"sub-{self.subject}" + (f"_ses-{self.session}" if self.session else "")

    @property
    def state(self) -> str:
        """``done``, ``failed``, ``unfinished``, or ``unknown`` without a status file."""
        if self.status is None:
            return "unknown"
        return "unfinished" if self.status.state == "running" else self.status.state


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts ``2`` before ``10``."""
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


def find_subjects(output_dir: Path) -> tuple[str, ...]:
    """Give the labels of all subjects that left logs, in natural order."""
    folders = (path for path in (output_dir / "logs").glob("sub-*") if path.is_dir())
    labels = (path.name.removeprefix("sub-") for path in folders)
    return tuple(sorted((label for label in labels if _LABEL.fullmatch(label)), key=natural))


def find_visits(output_dir: Path, subject: str) -> tuple[Visit, ...]:
    """Read the logs of a subject, one visit for each session.

    Raises
    ------
    BadDataError
        ``subject`` is no BIDS label.
    NoInputError
        There are no logs of the subject.
    """
    if not _LABEL.fullmatch(subject):
        raise BadDataError(f"'{subject}' is no participant label; use letters and digits, without 'sub-'.")
    root = output_dir / "logs" / f"sub-{subject}"
    sessions = sorted(
        (path for path in root.glob("ses-*") if path.is_dir()), key=lambda path: natural(path.name)
    )
    visits = [_visit(root, subject, None)] if _has_logs(root) else []
    visits += [_visit(path, subject, path.name.removeprefix("ses-")) for path in sessions if _has_logs(path)]
    if not visits:
        raise NoInputError(f"sub-{subject} has no logs in {root}; run the participant level first.")
    return tuple(visits)


def _has_logs(folder: Path) -> bool:
    return (folder / "status.json").is_file() or any(folder.glob("findings-*.json"))


def _visit(folder: Path, subject: str, session: str | None) -> Visit:
    status: RunStatus | None = None
    findings: list[Findings] = []
    problems: list[str] = []
    if (folder / "status.json").is_file():
        try:
            status = RunStatus.read(folder / "status.json")
        except BidsAppError as error:
            problems.append(_short(error, folder))
    for path in sorted(folder.glob("findings-*.json")):
        try:
            found = Findings.read(path)
        except BidsAppError as error:
            problems.append(_short(error, folder))
            continue
        if status is not None and (why := status.leaves_out(found.analysis)):
            problems.append(why)
        else:
            findings.append(found)
    findings.sort(key=lambda item: (item.analysis != PREPARATION, item.analysis))
    return Visit(subject, session, status, tuple(findings), tuple(problems))


def _short(error: BidsAppError, folder: Path) -> str:
    """Leave out the machine's folders: a report is shared, and must not depend on where it was made."""
    return str(error).replace(f"{folder}/", "")


def read_dataset_name(output_dir: Path) -> str:
    """Give the ``Name`` of ``dataset_description.json``; empty when there is none."""
    try:
        content = json.loads((output_dir / "dataset_description.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(content.get("Name", "")) if isinstance(content, dict) else ""


def read_participants(output_dir: Path) -> Mapping[str, Mapping[str, str]]:
    """Read ``participants.tsv`` of the output folder, when there is one, by subject label."""
    try:
        lines = (output_dir / "participants.tsv").read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    rows = [line.split("\t") for line in lines if line.strip()]
    if not rows or "participant_id" not in rows[0]:
        return {}
    header = rows[0]
    entries = [dict(zip(header, row, strict=False)) for row in rows[1:]]
    return {
        entry.pop("participant_id").removeprefix("sub-"): {
            key: value for key, value in entry.items() if value.strip() not in {"", "n/a"}
        }
        for entry in entries
        if entry.get("participant_id")
    }
