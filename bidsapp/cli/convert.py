"""From what a user wrote, on the command line or in TOML, to a checked value; both follow the same rules."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path

from bidsapp.cli.options import Kind, Option
from bidsapp.errors import BadDataError, NoInputError, UnavailableError
from bidsapp.reading import read_json


class WrongValueError(Exception):
    """What is wrong with a value; the caller says where it stands."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Give `` Did you mean 'x'?`` where a known word is close, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def convert(option: Option, value: object, base: Path) -> object:
    """Check one value, or the list of an option that takes several.

    Parameters
    ----------
    option
        The option, as declared.
    value
        Text from the command line, or a value of TOML.
    base
        Folder that relative paths start from.

    Raises
    ------
    WrongValueError
        The value makes no sense for this option.
    NoInputError, BadDataError, UnavailableError
        The value makes sense, but names a file, content or analysis that is not there.
    """
    converter = _CONVERTERS[option.kind]
    if not option.many:
        return converter(option, value, base)
    items = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(converter(option, item, base) for item in items))


def absolute(text: str, base: Path) -> Path:
    """Turn a path as a user wrote it into an absolute one; links stay as they are."""
    if not text.strip() or "\0" in text:
        raise WrongValueError("the path is empty or holds a NUL character")
    try:
        return base / (Path(text).expanduser() if text.startswith("~") else text)
    except RuntimeError as error:
        raise WrongValueError(f"'{text}' names no home folder") from error


def _text(option: Option, value: object, base: Path) -> str:
    if not isinstance(value, str):
        raise WrongValueError(f"{value!r} is no text; write it in quotes")
    if not value.strip():
        raise WrongValueError("the value is empty")
    if option.pattern and not re.fullmatch(option.pattern, value):
        raise WrongValueError(f"'{value}' is none of {option.metavar}")
    return value


def _label(option: Option, value: object, base: Path) -> str:
    label = _text(option, value, base).removeprefix(f"{option.prefix}-")
    if not re.fullmatch(r"[0-9A-Za-z+]+", label):
        raise WrongValueError(f"'{value}' is no BIDS label; a label holds letters and digits only")
    return label


def _analysis(option: Option, value: object, base: Path) -> str:
    from bidsapp.analyses.registry import names

    name, known = _text(option, value, base), names()
    if name not in known:
        raise UnavailableError(
            f"No analysis named '{name}' is installed; there are {', '.join(known) or 'none'}."
            f"{suggest(name, known)}"
        )
    return name


def _integer(option: Option, value: object, base: Path) -> int:
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongValueError(f"{value!r} is no whole number")
    if option.choices and value not in option.choices:
        raise WrongValueError(f"{value} is none of {', '.join(map(str, option.choices))}")
    return int(_at_least(option, value))


def _number(option: Option, value: object, base: Path) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or isinstance(value, bool) or not abs(number) < float("inf"):
        raise WrongValueError(f"{value!r} is no number")
    return _at_least(option, number)


def _at_least(option: Option, number: float) -> float:
    if option.minimum is not None and number < option.minimum:
        raise WrongValueError(f"{number:g} is too small; the least is {option.minimum:g}")
    return number


def _path(option: Option, value: object, base: Path) -> Path:
    path = absolute(_text(option, value, base), base)
    if path.exists():
        return path
    known = _packaged(option)
    if str(value) in known:
        return known[str(value)]
    if option.must_exist:
        there = f" or name one of {', '.join(sorted(known))}" if known else ""
        raise NoInputError(f"--{option.name} names {path}, which does not exist; check the path{there}.")
    return path


def _packaged(option: Option) -> dict[str, Path]:
    if not option.packaged:
        return {}
    folder = Path(str(files("bidsapp"))) / "data" / option.packaged
    return {path.stem: path for path in folder.iterdir() if path.is_dir() or path.suffix == ".toml"}


def _filters(option: Option, value: object, base: Path) -> dict[str, dict[str, object]]:
    path = _path(option, value, base)
    try:
        content = read_json(path)
    except (NoInputError, BadDataError) as error:
        raise type(error)(f"--{option.name} {error}") from error
    if not isinstance(content, dict) or not all(isinstance(item, dict) for item in content.values()):
        raise BadDataError(f"--{option.name} {path} must map a modality to entities, as in {_EXAMPLE}.")
    from bidsapp.bids.filters import ELSEWHERE

    known = {name.lower(): name for name in modalities()}
    content = {name: item for name, item in content.items() if name.lower() not in ELSEWHERE}
    for name in content:
        if name.lower() not in known:
            raise BadDataError(
                f"--{option.name} {path}: unknown modality '{name}'; there are {', '.join(modalities())}."
                f"{suggest(name, modalities())}"
            )
    return {known[name.lower()]: dict(entities) for name, entities in content.items()}


def modalities() -> tuple[str, ...]:
    """Give the names of the modalities that the app knows."""
    return tuple(json.loads((files("bidsapp") / "data" / "modalities.json").read_text(encoding="utf-8")))


def _flag(option: Option, value: object, base: Path) -> bool:
    if not isinstance(value, bool):
        raise WrongValueError(f"{value!r} is neither true nor false")
    return value


def _count(option: Option, value: object, base: Path) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise WrongValueError(f"{value!r} is no count")
    return value


_EXAMPLE = '{"T1w": {"acquisition": "mprage"}}'
_CONVERTERS: dict[Kind, Callable[[Option, object, Path], object]] = {
    "text": _text,
    "label": _label,
    "analysis": _analysis,
    "integer": _integer,
    "number": _number,
    "path": _path,
    "filters": _filters,
    "flag": _flag,
    "count": _count,
}
