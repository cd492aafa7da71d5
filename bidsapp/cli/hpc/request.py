"""What a user asks of ``bidsapp-hpc``: the options of a run, and those of the scheduler beside them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bidsapp import __version__
from bidsapp.cli.convert import WrongValueError, convert
from bidsapp.cli.options import groups, options
from bidsapp.cli.parse import parse
from bidsapp.cli.parser import Parser, add_option, dashed
from bidsapp.errors import UsageError
from bidsapp.settings import Settings

OPTIONS = "cluster/options.toml"
EPILOG = (
    "All options of bidsapp are understood as well (bidsapp --help), and are passed on to each subject. "
    "Research use only."
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """The scheduler's part of a command line; ``data/cluster/options.toml`` describes each field.

    ``None`` leaves a limit to the measured costs, ``partition`` to the scheduler.
    """

    scheduler: str = "slurm"
    partition: str | None = None
    time: str | None = None
    mem: str | None = None
    cpus: int | None = None
    gpus: int = 0
    max_running: int | None = None
    array_size: int = 1000
    extra: tuple[str, ...] = ()
    image: Path | None = None
    bind: tuple[Path, ...] = ()
    submit: bool = False
    resubmit: bool = False
    unfinished: bool = False
    subjects_from: Path | None = None

    @property
    def seconds(self) -> int | None:
        """Time limit in seconds."""
        if self.time is None:
            return None
        days, _, clock = self.time.rpartition("-")
        hours, minutes, seconds = (int(part) for part in clock.split(":"))
        return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds

    @property
    def megabytes(self) -> int | None:
        """Memory in MB, counted as schedulers do (1 G is 1024 M)."""
        if self.mem is None:
            return None
        return int(self.mem[:-1]) * (1024 if self.mem.endswith("G") else 1)


def make_parser() -> Parser:
    """Build the parser of the options that ``bidsapp`` itself does not have."""
    parser = Parser(
        prog="bidsapp-hpc",
        usage="bidsapp-hpc BIDS_DIR OUTPUT_DIR participant [group] [options of bidsapp] [options]",
        description="Write scripts for a cluster, one subject an array task, and submit them.",
        epilog=EPILOG,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    for group in groups(OPTIONS):
        section = parser.add_argument_group(group.title)
        for option in group.options:
            add_option(section, option)
    parser.add_argument("--version", action="version", version=f"bidsapp-hpc {__version__}")
    return parser


def read_request(argv: Sequence[str]) -> tuple[Request, Settings]:
    """Read a command line (without the program's name).

    Raises
    ------
    UsageError
        A word is unknown, a value makes no sense, or the options do not go together.
    BidsAppError
        As :func:`bidsapp.cli.parse.parse` raises for the options of a run.
    """
    words, rest = make_parser().parse_known_args([dashed(word) for word in argv])
    values: dict[str, object] = {}
    for option in options(OPTIONS).values():
        if hasattr(words, option.dest):
            try:
                values[option.field] = convert(option, getattr(words, option.dest), Path.cwd())
            except WrongValueError as error:
                raise UsageError(f"--{option.name}: {error}.") from error
    request = Request(**values)  # type: ignore[arg-type]
    settings = parse(rest)
    _check(request, settings)
    cpus = request.cpus or settings.omp_nthreads
    device = "cuda" if request.gpus and settings.device == "auto" else settings.device
    return replace(request, cpus=cpus), replace(settings, nprocs=cpus, mem_gb=None, device=device)


def _check(request: Request, settings: Settings) -> None:
    if settings.levels not in {("participant",), ("participant", "group")}:
        raise UsageError("bidsapp-hpc runs participant, or participant and then group; name these levels.")
    if request.cpus is not None and request.cpus < settings.omp_nthreads:
        raise UsageError(
            f"--cpus {request.cpus} is less than --omp-nthreads {settings.omp_nthreads}; give a task as many."
        )
    if settings.dry_run:
        raise UsageError("--dry-run is of bidsapp; bidsapp-hpc writes scripts and runs nothing by itself.")
    if request.seconds == 0:
        raise UsageError("--time is zero; give a task some time.")
