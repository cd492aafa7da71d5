"""What every process of ours that another one started does first."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal

_PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


def end_with_parent() -> None:
    """Have the kernel kill this process when the one that started it is gone, so that no orphan writes on.

    A thread that waits for it would not do: a library in the middle of a long computation lets none run.
    Nothing happens in a process that ``multiprocessing`` has not started.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent.pid:  # it was gone before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)
