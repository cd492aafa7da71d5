"""The program ``bidsapp``: reads the command line, runs the levels, ends with one truthful exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from bidsapp.cli.boundary import fail, run_program
from bidsapp.cli.failure import TerminatedError
from bidsapp.errors import ExitCode, NoInputError

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
        Exit code; see :func:`bidsapp.cli.boundary.run_program`.
    """
    return run_program("bidsapp", lambda: _run(sys.argv[1:] if argv is None else argv))


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
    # results depend on it: the plan of a dry run as well
    settings = replace(settings, device=devices.device, asked_device=settings.device)
    if settings.dry_run:
        return _dry_run(settings)
    signal.signal(signal.SIGTERM, _on_terminate)
    devices.show_to_processes()
    with LogFile(settings.output_dir) as log:
        try:
            return _run_levels(settings, log, devices.said)
        except BaseException as error:  # here too, so that the traceback goes to the run's own log file
            return fail("bidsapp", error, log)


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


if __name__ == "__main__":
    sys.exit(main())
