"""What processes inherit: thread counts, folders that can be written."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bidsapp.files import write_error
from bidsapp.workflows.locks import becomes_alone, open_locked

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)
_FOLDERS = {
    "TMPDIR": "tmp",
    "MPLCONFIGDIR": "matplotlib",
    "NIPYPE_CONFIG_DIR": "nipype",
    "NUMBA_CACHE_DIR": "numba",
}
WORK_PREFIX = "bidsapp-"
RUNS = ".runs.lock"
LIBRARIES = ".libraries"
_WORK = re.compile(rf"{WORK_PREFIX}[0-9][0-9A-Za-z.+]*(-[0-9a-f]{{8}})?")
"""Folders of one version, with what its subjects share, and of one dataset of it; others are not ours."""
_SHARED = re.compile("template-[0-9a-f]{16}")


def prepare_environment(work_root: Path, *, threads: int) -> None:
    """Set the environment of this process and of those that it starts.

    A container may have a read-only root, no home and no ``/tmp``: everything that libraries write
    goes under the work folder.

    Raises
    ------
    CannotWriteError, InputOutputError
        The work folder cannot be written.
    """
    for name in _THREADS:
        os.environ[name] = str(threads)
    os.environ["NVIDIA_TF32_OVERRIDE"] = "0"  # float32 is float32: controls were perhaps scored on a CPU
    for name, folder in _FOLDERS.items():
        path = work_root / LIBRARIES / folder
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(path, error) from error
        os.environ[name] = str(path)
    if not os.access(os.environ.get("HOME", "/nonexistent"), os.W_OK):
        os.environ["HOME"] = os.environ["TMPDIR"]


@contextmanager
def occupy(work_root: Path, *, threads: int) -> Iterator[None]:
    """Prepare the environment for the body; the last run to leave removes a work folder that holds nothing.

    Each run holds a shared lock, so that none removes what another one has just made.

    Raises
    ------
    CannotWriteError, InputOutputError
        The work folder cannot be written, or its file system knows no locks.
    """
    with open_locked(work_root / RUNS, fcntl.LOCK_SH) as stream:
        prepare_environment(work_root, threads=threads)
        try:
            yield
        finally:
            if becomes_alone(stream):
                _remove_if_empty(work_root)


def _remove_if_empty(work_root: Path) -> None:
    """Remove our own folders when no subject left anything in them; the user may keep files beside ours."""
    own = [path for path in work_root.glob(f"{WORK_PREFIX}*") if _WORK.fullmatch(path.name)]
    if any(path for folder in own for path in folder.glob("sub-*")):
        return
    for folder in own:
        for shared in folder.glob("template-*"):
            if _SHARED.fullmatch(shared.name):
                shutil.rmtree(shared, ignore_errors=True)
        for lock in folder.glob(".sub-*.lock"):
            lock.unlink(missing_ok=True)
        _remove_bare(folder)
    for name in _FOLDERS.values():
        shutil.rmtree(work_root / LIBRARIES / name, ignore_errors=True)
    _remove_bare(work_root / LIBRARIES)
    (work_root / RUNS).unlink(missing_ok=True)
    _remove_bare(work_root)


def _remove_bare(folder: Path) -> None:
    """Remove a folder that holds nothing at all; a link to one stays."""
    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()
