"""The boundary of each program of the house: one sentence, one exit code, never a traceback."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from io import TextIOWrapper
from typing import TextIO

from bidsapp.cli.failure import PIPE_CLOSED, TerminatedError, explain
from bidsapp.cli.logfile import LogFile
from bidsapp.errors import ExitCode, InputOutputError
from bidsapp.workflows.signals import ENDING

_ENDS: Mapping[object, ExitCode] = {None: ExitCode.OK, 0: ExitCode.OK, 2: ExitCode.USAGE}
"""What argparse ends with; nothing else of ours raises ``SystemExit``."""


def run_program(name: str, body: Callable[[], int]) -> int:
    """Run a program and give its exit code.

    Parameters
    ----------
    name
        Of the program, to stand before the sentence of an error.
    body
        Does the work; gives the exit code.

    Returns
    -------
    int
        Exit code; see :class:`bidsapp.errors.ExitCode`. Beside these: 130 when interrupted, 143 when
        asked to end, 141 when standard output was closed early.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # any path can be shown on any terminal
    try:
        code = body()
        sys.stdout.flush()
        return int(code)
    except SystemExit as stop:  # --help and --version end like this
        return _ENDS.get(stop.code, ExitCode.INTERNAL)
    except BrokenPipeError:
        _silence(sys.stdout)
        return PIPE_CLOSED
    except BaseException as error:
        return fail(name, error, None)


def fail(name: str, error: BaseException, log: LogFile | None) -> int:
    """Tell the user one sentence, write it to the log file, and give the exit code."""
    if isinstance(error, KeyboardInterrupt | TerminatedError):
        for number in ENDING:  # asked twice, it ends as if asked once
            signal.signal(number, signal.SIG_IGN)
    code, sentence = explain(error, log)
    if log is not None:
        try:
            log.write(sentence)
        except InputOutputError as second:
            sentence += f" Nor could the log file: {second}"
    try:
        print(f"{name}: {sentence}", file=sys.stderr, flush=True)
    except OSError:  # nobody reads it, or its disk is full: the exit code still tells
        _silence(sys.stderr)
    return int(code)


def _silence(stream: TextIO) -> None:
    """Point a closed stream nowhere, or Python complains again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
