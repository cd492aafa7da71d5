"""Writes the scripts of a run: an array a thousand subjects, a job for the group, and what submits them.

Every value that a template writes is quoted for the shell, unless it is :class:`Verbatim`; the templates
themselves hold no user's text.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp import __version__
from bidsapp.cli.hpc.costs import Limits, estimate
from bidsapp.cli.hpc.program import call, writable
from bidsapp.cli.hpc.request import Request
from bidsapp.cli.hpc.subjects import Sessions
from bidsapp.cli.words import FILTERS, words_of
from bidsapp.files import write_error, write_json, write_text
from bidsapp.settings import Settings

if TYPE_CHECKING:
    from jinja2 import Environment

LIST = "subjects.txt"
FILTER_FILE = "filters.json"


class Verbatim(str):
    """Text that a template writes as it is, since its form was checked: a line of a scheduler's directive."""

    __slots__ = ()


def write_scripts(request: Request, settings: Settings, selected: Mapping[str, Sessions]) -> Path:
    """Write a new folder of scripts under the work folder, with the list of subjects that they read.

    Returns
    -------
    Path
        The folder: ``subjects.txt``, ``array-1.sh`` and so on, ``group.sh`` where the group level was
        asked for, and ``submit.sh``.

    Raises
    ------
    CannotWriteError, InputOutputError
        The work folder cannot be written.
    """
    for path in writable(settings):
        _make(path)
    folder = _new_folder(settings.work_root / "hpc")
    write_text(folder / LIST, "".join(f"{subject}\n" for subject in selected))
    if settings.bids_filters:
        write_json(folder / FILTER_FILE, settings.bids_filters)
    shared = _context(request, settings, folder)
    _write_arrays(request, settings, selected, shared)
    if "group" in settings.levels:
        limits = estimate("group", sum(map(len, selected.values())))
        write_text(folder / "group.sh", _render("group.sh.j2", **shared, job="group", limits=limits))
    write_text(folder / "submit.sh", _render(f"{request.scheduler}_submit.sh.j2", **shared))
    return folder


def _write_arrays(
    request: Request, settings: Settings, selected: Mapping[str, Sessions], shared: Mapping[str, object]
) -> None:
    """Write a script for each ``array_size`` subjects; all read the one list."""
    measured = estimate("participant", max(map(len, selected.values())), explain=settings.explain)
    limits = Limits(request.seconds or measured.seconds, request.megabytes or measured.megabytes)
    for number, first in enumerate(range(0, len(selected), request.array_size), 1):
        size = min(request.array_size, len(selected) - first)
        text = _render("array.sh.j2", **shared, job="array", limits=limits, first=first, size=size)
        write_text(Path(str(shared["folder"])) / f"array-{number}.sh", text)


def _context(request: Request, settings: Settings, folder: Path) -> dict[str, object]:
    """Give what all templates may need."""
    everyone = replace(settings, participant_label=(), exclude_participant_label=())
    participant = words_of(replace(everyone, levels=("participant",)))
    filters = [f"--{FILTERS}={folder / FILTER_FILE}"] if settings.bids_filters else []
    places = [str(settings.bids_dir), str(settings.output_dir)]
    without_gpu = replace(request, gpus=0)
    return {
        "version": __version__,
        "scheduler": request.scheduler,
        "request": request,
        "extra": [Verbatim(line) for line in request.extra],
        "list": str(folder / LIST),
        "folder": str(folder),
        "task": [*call("bidsapp", request, settings, folder), *places, "participant", *participant, *filters],
        "check": [
            *call("bidsapp-hpc", without_gpu, settings, folder),
            *places, "participant", *participant, *filters,
            f"--subjects-from={folder / LIST}", "--unfinished",
        ],
        "group": [
            *call("bidsapp", without_gpu, settings, folder),
            *places, "group", *words_of(replace(everyone, levels=("group",), device="cpu")), *filters,
        ]
        if "group" in settings.levels
        else [],
    }  # fmt: skip


def _new_folder(parent: Path) -> Path:
    """Make a folder named by the time; two calls in one second get one each."""
    _make(parent)
    stamp = time.strftime("%Y%m%dT%H%M%S")
    names = (parent / (f"{stamp}-{number}" if number else stamp) for number in count())
    return next(folder for folder in names if _make_new(folder))


def _make_new(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    except OSError as error:
        raise write_error(folder, error) from error
    return True


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error


def _render(template: str, **context: object) -> str:
    return _environment().get_template(template).render(**context)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(  # noqa: S701  (shell, not HTML: `finalize` quotes)
        loader=FileSystemLoader(str(files("bidsapp") / "data" / "cluster")),
        finalize=_quote,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _quote(value: object) -> str:
    if isinstance(value, Verbatim):
        return value
    return shlex.join(value) if isinstance(value, list) else shlex.quote(str(value))
