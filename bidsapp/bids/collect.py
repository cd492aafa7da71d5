"""What an output folder says of all its subjects; a broken file costs a sentence, not the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from bidsapp.errors import BidsAppError, NoInputError
from bidsapp.findings import Findings
from bidsapp.status import RunStatus

_LOG = logging.getLogger(__name__)
_Noun = TypeVar("_Noun")


def collect_findings(output_dir: Path) -> tuple[Findings, ...]:
    """Read all findings, sorted by subject, session and analysis.

    Broken files are logged and left out, and so are findings that the last run was to renew and has not:
    they may be of other images.

    Raises
    ------
    NoInputError
        There is no output folder.
    """
    if not output_dir.is_dir():
        raise NoInputError(f"Output folder {output_dir} does not exist; run the participant level first.")
    subjects = [folder for folder in sorted((output_dir / "logs").glob("sub-*")) if folder.is_dir()]
    folders = [folder for subject in subjects for folder in (subject, *sorted(subject.glob("ses-*")))]
    found = [item for folder in folders for item in _read_session(folder)]
    return tuple(sorted(found, key=lambda item: (item.subject, item.session or "", item.analysis)))


def _read_session(folder: Path) -> Iterator[Findings]:
    file = folder / "status.json"
    status = _read(file, RunStatus.read) if file.is_file() else None
    for path in sorted(folder.glob("findings-*.json")):
        found = _read(path, Findings.read)
        if found is None:
            continue
        if status is not None and (why := status.leaves_out(found.analysis)):
            _LOG.warning("%s", why)
        else:
            yield found


def _read(path: Path, read: Callable[[Path], _Noun]) -> _Noun | None:
    """Read a file; ``None``, and a sentence in the log, where it is broken."""
    try:
        return read(path)
    except BidsAppError as error:
        _LOG.warning("%s", error)
        return None
