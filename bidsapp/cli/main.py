"""The program ``bidsapp``: reads the command line, runs the levels, ends with one truthful exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from io import TextIOWrapper
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

from bidsapp.cli.failure import PIPE_CLOSED, TerminatedError, explain
from bidsapp.errors import ExitCode, InputOutputError, NoInputError
from bidsapp.workflows.signals import ENDING

if TYPE_CHECKING:
    from bidsapp.cli.logfile import LogFile
    from bidsapp.settings import Settings
    from bidsapp.workflows.plan import SubjectPlan


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    argv
        Words of the command line without the program's name; by default those of the process.

    Returns
    -------
    int
        Exit code; see :class:`bidsapp.errors.ExitCode`. Beside these: 130 when interrupted, 143 when
        asked to end, 141 when standard output was closed early.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # any path can be shown on any terminal
    try:
        code = _run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # --help, --version and --bids-exec-spec end like this
        return stop.code if isinstance(stop.code, int) else 0
    except BrokenPipeError:
        _silence(sys.stdout)
        return PIPE_CLOSED
    except BaseException as error:  # the boundary of the program: nothing leaves it as a traceback
        return _fail(error, None)


def _run(argv: Sequence[str]) -> int:
    from bidsapp.cli.parse import parse

    settings = parse(argv)
    from bidsapp.bids.dataset import check_dataset
    from bidsapp.cli.logfile import LogFile
    from bidsapp.workflows.device import resolve_device

    check_dataset(settings)  # before anything is written: the output could be the input
    if settings.levels[0] == "group" and not settings.output_dir.is_dir():
        raise NoInputError(f"OUTPUT_DIR {settings.output_dir} does not exist; run participant first.")
    devices = resolve_device(settings.device)
    settings = replace(settings, device=devices.device)  # results depend on it: the plan of a dry run as well
    if settings.dry_run:
        return _dry_run(settings)
    signal.signal(signal.SIGTERM, _on_terminate)
    devices.show_to_processes()
    with LogFile(settings.output_dir) as log:
        try:
            return _run_levels(settings, log, devices.said)
        except BaseException as error:  # here too, so that the traceback goes to the run's own log file
            return _fail(error, log)


def _run_levels(settings: Settings, log: LogFile, said: Sequence[str]) -> int:
    from bidsapp import __version__
    from bidsapp.cli.console import make_progress

    log.write(f"bidsapp {__version__}: {settings!r}")
    worst = ExitCode.OK
    with make_progress(log, settings.verbose) as progress:
        for sentence in said:
            progress.log(sentence)
        from bidsapp.workflows.run import run_group, run_participant, run_train

        levels = {"participant": run_participant, "group": run_group, "train": run_train}
        for level in settings.levels:
            code = levels[level](settings, progress)
            log.write(f"{level} ended with exit code {int(code)}")
            worst = worst or code
            if code not in {ExitCode.OK, ExitCode.SUBJECT_FAILED}:
                break
    return int(worst)


def _dry_run(settings: Settings) -> int:
    from bidsapp.cli.dryrun import describe

    plans: list[SubjectPlan] | None = None
    others: list[str] = []
    for level in settings.levels:
        if level == "participant":
            from bidsapp.workflows.run import plan

            plans = plan(settings)
        else:
            from bidsapp.workflows.run import foresee

            others += foresee(settings, level)
    for line in describe(settings, plans, others):
        print(line)
    return ExitCode.OK


def _on_terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise TerminatedError


def _fail(error: BaseException, log: LogFile | None) -> int:
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
        print(f"bidsapp: {sentence}", file=sys.stderr, flush=True)
    except (
        OSError
    ):  # nobody reads it, or it goes to a file on the disk that is full: the exit code still tells
        _silence(sys.stderr)
    return int(code)


def _silence(stream: TextIO) -> None:
    """Point a closed stream nowhere, or Python complains again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    sys.exit(main())
