"""From the command line to ``Settings``: it goes over the config file, and that over the defaults."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from bidsapp.cli import machine
from bidsapp.cli.config import read_config
from bidsapp.cli.convert import WrongValueError, absolute, convert, suggest
from bidsapp.cli.options import LEVELS, options
from bidsapp.cli.parser import split
from bidsapp.errors import UnknownLevelError, UsageError
from bidsapp.settings import Settings


def parse(argv: Sequence[str]) -> Settings:
    """Read a command line (without the program's name).

    Raises
    ------
    UsageError
        A word is unknown, a value makes no sense, or options contradict each other.
    UnknownLevelError
        The level is none of ``participant``, ``group`` and ``train``.
    NoInputError, BadDataError, UnavailableError
        An option names a file, content or analysis that is not there or is broken.
    """
    words = split(argv)
    levels = _levels(words.analysis_level)
    given = _command_line(words, levels)
    config_file = given.pop("", None)
    values = {**(read_config(config_file) if isinstance(config_file, Path) else {}), **given}
    values.setdefault("nprocs", machine.processors())
    values.setdefault("mem_gb", machine.memory_gb())
    settings = Settings(
        bids_dir=_folder("BIDS_DIR", words.bids_dir),
        output_dir=_folder("OUTPUT_DIR", words.output_dir),
        levels=levels,
        **values,  # type: ignore[arg-type]
    )
    _check(settings)
    return settings


def _levels(words: Sequence[str]) -> tuple[str, ...]:
    for word in words:
        if word not in LEVELS:
            raise UnknownLevelError(
                f"Unknown analysis level '{word}'; the levels are {', '.join(LEVELS)}.{suggest(word, LEVELS)}"
            )
    return tuple(dict.fromkeys(words))


def _command_line(words: argparse.Namespace, levels: tuple[str, ...]) -> dict[str, object]:
    values: dict[str, object] = {}
    for option in options().values():
        if not hasattr(words, option.dest):
            continue
        if option.levels and not set(option.levels) & set(levels):
            raise UsageError(
                f"--{option.name} belongs to the level {' or '.join(option.levels)}; leave it out."
            )
        try:
            values[option.field] = convert(option, getattr(words, option.dest), Path.cwd())
        except WrongValueError as error:
            raise UsageError(f"--{option.name}: {error}.") from error
    return values


def _folder(name: str, text: str) -> Path:
    try:
        return absolute(text, Path.cwd())
    except WrongValueError as error:
        raise UsageError(f"{name}: {error}.") from error


def _check(settings: Settings) -> None:
    both = sorted(set(settings.participant_label) & set(settings.exclude_participant_label))
    if both:
        raise UsageError(
            f"Subject {', '.join(both)} is both asked for and excluded; drop one of the options."
        )
    if settings.omp_nthreads > settings.nprocs:
        raise UsageError(
            f"--omp-nthreads {settings.omp_nthreads} is more than --nprocs {settings.nprocs}; lower it."
        )
