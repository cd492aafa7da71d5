"""What an output folder says of all its subjects; a broken file costs a sentence, not the others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bidsapp.errors import BidsAppError, NoInputError
from bidsapp.findings import Findings
from bidsapp.status import RunStatus

_LOG = logging.getLogger(__name__)
_Noun = TypeVar("_Noun")


def collect_findings(output_dir: Path) -> tuple[Findings, ...]:
    """Read all findings, sorted by subject, session and analysis; broken files are logged and left out.

    Raises
    ------
    NoInputError
        There is no output folder.
    """
    found, problems = _read_all(output_dir, "findings-*.json", Findings.read)
    _log(problems)
    return tuple(sorted(found, key=lambda item: (item.subject, item.session or "", item.analysis)))


def collect_status(output_dir: Path) -> tuple[RunStatus, ...]:
    """Read the status of all subjects and sessions; broken files are logged and left out.

    Raises
    ------
    NoInputError
        There is no output folder.
    """
    found, problems = _read_all(output_dir, "status.json", RunStatus.read)
    _log(problems)
    return tuple(sorted(found, key=lambda item: (item.subject, item.session or "")))


def collect_problems(output_dir: Path) -> tuple[str, ...]:
    """Give a sentence for each file that :func:`collect_findings` and :func:`collect_status` leave out."""
    return (
        *_read_all(output_dir, "findings-*.json", Findings.read)[1],
        *_read_all(output_dir, "status.json", RunStatus.read)[1],
    )


def _read_all(output_dir: Path, pattern: str, read: Callable[[Path], _Noun]) -> tuple[list[_Noun], list[str]]:
    if not output_dir.is_dir():
        raise NoInputError(f"Output folder {output_dir} does not exist; run the participant level first.")
    found: list[_Noun] = []
    problems: list[str] = []
    folders = [folder for folder in sorted((output_dir / "logs").glob("sub-*")) if folder.is_dir()]
    for folder in folders:
        for path in sorted([*folder.glob(pattern), *folder.glob(f"ses-*/{pattern}")]):
            try:
                found.append(read(path))
            except BidsAppError as error:
                problems.append(str(error))
    return found, problems


def _log(problems: list[str]) -> None:
    for problem in problems:
        _LOG.warning("%s", problem)
