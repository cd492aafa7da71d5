"""Writes with which options a subject was run, as a file that ``--config-file`` takes to run it so again.

fMRIPrep keeps its ``config.toml`` beside the logs for the same reason: a result that looks odd next year can
be asked for again.
"""

from __future__ import annotations

import json
import platform
import re
import shlex
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import bidsapp
from bidsapp.files import write_json, write_text
from bidsapp.settings import Settings

LIBRARIES = ("nibabel", "nipype", "numpy", "picsl_greedy", "scipy", "SimpleITK", "torch")
"""Whose versions are named beside the program's own: results depend on them to the last bit."""
_NO_TEXT = re.compile("[\ud800-\udfff]")  # how Python holds bytes of a file name that are no text
_CONTROL = re.compile("[\x00-\x1f\x7f]")  # not in a comment of TOML
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def write_run_file(settings: Settings, folder: Path) -> Path:
    """Write ``run.toml`` into a folder of logs; what was run before there is written over.

    Comments give versions, machine, time, and the command line that runs the same again. What
    ``--bids-filter-file`` held goes into ``filters.json`` beside it, for TOML has no ``null``. Bytes of a
    name that are no text are written as replacement characters.

    Raises
    ------
    CannotWriteError, InputOutputError
        The folder cannot be written.
    """
    if settings.bids_filters:
        write_json(folder / "filters.json", settings.bids_filters)
    path = folder / "run.toml"
    return write_text(path, "".join(f"{line}\n" for line in _lines(settings, path)))


def _lines(settings: Settings, path: Path) -> Iterator[str]:
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield f"# bidsapp {bidsapp.__version__} (Python {platform.python_version()}, {libraries})"
    yield f"# {platform.platform()}, {time.strftime('%Y-%m-%dT%H:%M:%S%z')}"
    words = [settings.bids_dir, settings.output_dir, *settings.levels, "--config-file", path]
    yield f"# bidsapp {_CONTROL.sub(_UNKNOWN, _NO_TEXT.sub(_UNKNOWN, shlex.join(map(str, words))))}"
    settings = replace(settings, device=settings.asked_device or settings.device)  # cuda:1 is cuda:0 by now
    for name, field in _option_fields().items():
        value: object = "filters.json" if field == "bids_filters" else getattr(settings, field)
        if value is None or value == () or (field == "bids_filters" and not settings.bids_filters):
            continue
        yield f"{name} = {_toml(value)}"


def _option_fields() -> dict[str, str]:
    """Give the field of ``Settings`` of each option that has one, by the option's name."""
    text = (files("bidsapp") / "data" / "options.toml").read_text(encoding="utf-8")
    options = [item for group in tomllib.loads(text)["group"] for item in group["option"]]
    fields = {item["name"]: item.get("field", item["name"].replace("-", "_")) for item in options}
    return {name: field for name, field in fields.items() if field}


def _toml(value: object) -> str:
    """Write a value of ``Settings`` as TOML.

    >>> _toml(("01", "02")), _toml(True), _toml(2.5)
    ('["01", "02"]', 'true', '2.5')
    """
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    text = json.dumps(_NO_TEXT.sub(_UNKNOWN, str(value)), ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")
