"""What processes inherit: thread counts, folders that can be written."""

from __future__ import annotations

import fcntl
import os
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
        path = work_root / ".libraries" / folder
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(path, error) from error
        os.environ[name] = str(path)
    if not os.access(os.environ.get("HOME", "/nonexistent"), os.W_OK):
        os.environ["HOME"] = str(work_root / ".libraries")


WORK_PREFIX = "bidsapp-"


RUNS = ".runs.lock"


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
    """Remove the work folder when no subject left anything in it."""
    if any(work_root.glob(f"{WORK_PREFIX}*/sub-*")):
        return
    for item in (*work_root.glob(f"{WORK_PREFIX}*"), work_root / ".libraries"):
        shutil.rmtree(item, ignore_errors=True)
    (work_root / RUNS).unlink(missing_ok=True)
    if not any(work_root.iterdir()):
        work_root.rmdir()
