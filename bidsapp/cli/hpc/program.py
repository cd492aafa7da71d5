"""How a task calls the programs: this installation, or an Apptainer image that sees the run's folders."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from bidsapp.cli.hpc.request import Request
from bidsapp.cli.options import options
from bidsapp.errors import UsageError
from bidsapp.settings import Settings

MODULES = {"bidsapp": "bidsapp.cli.main", "bidsapp-hpc": "bidsapp.cli.hpc.main"}


def call(name: str, request: Request, settings: Settings, folder: Path) -> list[str]:
    """Give the words that start a program, without its own options.

    In a container the folders have the paths that they have outside, so that one command line fits both.
    The engine itself (``apptainer``, or ``singularity`` where a site has only that) is found by the script.

    Parameters
    ----------
    name
        ``bidsapp`` or ``bidsapp-hpc``.
    request, settings
        Of the run.
    folder
        Folder of the scripts, which a task reads.
    """
    if request.image is None:
        return [sys.executable, "-P", "-m", MODULES[name]]
    words = ["exec", "--cleanenv", "--containall", "--no-home", *(["--nv"] if request.gpus else [])]
    for path, mode in sorted(_places(request, settings, folder).items()):  # a parent before what is in it
        words += ["--bind", f"{path}:{path}{mode}"]
    return [*words, "--pwd", "/", str(request.image), name]


def check_binds(request: Request, settings: Settings) -> None:
    """Refuse paths that ``--bind`` would read as something else.

    Raises
    ------
    UsageError
        A path that the container must see holds a colon, a comma or a newline.
    """
    if request.image is None:
        return
    for path in (request.image, *_places(request, settings, settings.work_root)):
        if re.search(r"[:,\n]", str(path)):
            raise UsageError(
                f"{path} holds a colon, comma or newline, which Apptainer cannot bind; rename it."
            )


def writable(settings: Settings) -> list[Path]:
    """Give the folders that a task writes to; they must be there before a container can see them."""
    database = [settings.bids_database_dir] if settings.bids_database_dir else []
    return [settings.output_dir, settings.work_root, *database]


def _places(request: Request, settings: Settings, folder: Path) -> dict[Path, str]:
    """Give each path that a container must see, with ``:ro`` where it only reads."""
    fields = [option.field for option in options().values() if option.kind == "path" and option.field]
    values = [getattr(settings, field) for field in fields]
    named = [item for value in values for item in (value if isinstance(value, tuple) else (value,)) if item]
    read = dict.fromkeys((settings.bids_dir, folder, *named, *request.bind), ":ro")
    return read | dict.fromkeys(writable(settings), "")
