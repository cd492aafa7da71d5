"""Digests of what each step left in the work folder: a file damaged since is made again and never read.

Nipype looks at the inputs of a step alone, and would go on from half an image after a power cut.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from bidsapp.errors import BidsAppError
from bidsapp.files import digest_file, write_json
from bidsapp.reading import read_object

SEAL = "digests.json"
_MADE_BY_A_STEP = ("_0x*.json", "result_*.pklz", "_node.pklz")


def seal(folder: Path) -> None:
    """Write down what a step that ended left in its folder; a step that did not run again keeps its seal.

    Raises
    ------
    CannotWriteError, InputOutputError
        The folder cannot be written.
    """
    if folder.is_dir() and not (folder / SEAL).exists():
        write_json(folder / SEAL, _digests(folder))


def drop_damaged(work_dir: Path) -> None:
    """Remove the folder of every step that is not as it was sealed, or never was."""
    for folder in sorted(path for path in work_dir.glob("*") if path.is_dir()):
        if not _is_of_step(folder):
            drop_damaged(folder)
        elif not _is_whole(folder):
            shutil.rmtree(folder)


def _is_of_step(folder: Path) -> bool:
    return any(path for pattern in (*_MADE_BY_A_STEP, SEAL) for path in folder.glob(pattern))


def _is_whole(folder: Path) -> bool:
    try:
        return read_object(folder / SEAL) == _digests(folder)
    except (BidsAppError, ValueError):
        return False


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / SEAL)
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in files}
