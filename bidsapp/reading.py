"""The one place where text from outside is read: bounded, strict, and wrong in one sentence.

Datasets, bundles and configuration come from other people. What they hold is data of a limited size
(:mod:`bidsapp.limits`), never trusted to be a plain file, to be what its name says, or to end.
"""

from __future__ import annotations

import csv
import io
import json
import math
import stat
import tomllib
from pathlib import Path
from typing import NoReturn

from bidsapp.errors import BadDataError, NoInputError
from bidsapp.limits import (
    JSON_BYTES,
    JSON_DEPTH,
    MEBIBYTE,
    TABLE_CELL,
    TABLE_CELLS,
    TABLE_COLUMNS,
    TOML_BYTES,
)

_DIGITS = 19  # and a sign; what 64 bits hold


def read_bytes(path: Path, most: int) -> bytes:
    """Read a plain file of a limited size.

    Raises
    ------
    NoInputError
        It does not exist, is no plain file (a folder, pipe or device), or cannot be opened.
    BadDataError
        It has more than ``most`` bytes.
    """
    try:
        check_plain(path)
        with path.open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        raise NoInputError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    if len(content) > most:
        size = f"{most / MEBIBYTE:g} MiB"
        raise BadDataError(f"{path} is larger than {size}, the limit for such a file; mend or remove it.")
    return content


def check_plain(path: Path) -> None:
    """Refuse what a read would wait on for ever or never end: a pipe, socket or device.

    Raises
    ------
    NoInputError
        It is there, but no plain file.
    OSError
        It is not there, or a link leads nowhere.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "a pipe or device"
        raise NoInputError(f"{path} cannot be opened (it is {what}, no file); restore it or exclude it.")


def read_json(path: Path, most: int = JSON_BYTES) -> object:
    """Read strict JSON (RFC 8259): UTF-8, finite numbers, no key twice with two values, no deep nesting.

    Raises
    ------
    NoInputError
        The file cannot be opened.
    BadDataError
        It is too large, or not JSON of this kind.
    """
    content = read_bytes(path, most)
    try:
        value = parse_json(content)
    except ValueError as error:
        raise BadDataError(f"{path} is not valid JSON ({error}); mend or remove it.") from error
    return value


def read_object(path: Path, most: int = JSON_BYTES) -> dict[str, object]:
    """Read a JSON file whose top level is an object; see :func:`read_json`."""
    content = read_json(path, most)
    if not isinstance(content, dict):
        raise BadDataError(f"{path} must hold a JSON object; mend or remove it.")
    return content


def read_toml(path: Path) -> dict[str, object]:
    """Read a TOML file of a limited size.

    Raises
    ------
    NoInputError
        The file cannot be opened.
    BadDataError
        It is too large, or not TOML.
    """
    content = read_bytes(path, TOML_BYTES)
    try:
        return tomllib.loads(content.decode("utf-8"))
    except RecursionError as error:
        raise BadDataError(f"{path} is not valid TOML (nested too deeply); mend the file.") from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError, numbers of thousands of digits
        raise BadDataError(f"{path} is not valid TOML ({error}); mend the file.") from error


def split_table(text: str, path: Path) -> list[list[str]]:
    """Split tab-separated text into rows of cells, without NUL characters and with any newlines.

    Parameters
    ----------
    text
        The table.
    path
        Of its file, for errors.

    Raises
    ------
    BadDataError
        It has too many columns or cells, or a cell is too long (an open quotation mark makes one).
    """
    lines = text.splitlines()
    width = max((line.count("\t") for line in lines), default=0) + 1
    if width > TABLE_COLUMNS or width * len(lines) > TABLE_CELLS:
        raise BadDataError(
            f"{path} has {len(lines)} rows and up to {width} columns, more than a table of people; mend it."
        )
    try:
        rows = list(csv.reader(io.StringIO(text.replace("\0", ""), newline=None), delimiter="\t"))
    except csv.Error as error:
        raise BadDataError(f"{path} is no table with tabs ({error}); mend it.") from error
    if any(len(cell) > TABLE_CELL for row in rows for cell in row):
        raise BadDataError(
            f"{path} has a cell of more than {TABLE_CELL} characters; mend it (is a quotation mark open?)."
        )
    return rows


def parse_json(content: bytes) -> object:
    """Parse strict JSON with or without a byte order mark.

    Raises
    ------
    ValueError
        The reason, in words that quote nothing of the content but the key that is there twice.
    """
    try:
        text = content.decode("utf-8-sig")
        value: object = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if _depth(value) > JSON_DEPTH:
        raise ValueError("nested too deeply")
    if "\\ud" in text.lower():  # half a character, which could never be written again
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        for key, value in pairs:
            if content[key] != value:
                raise ValueError(f"key '{key[:80]}' is there twice with two values")
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError("a number is too large")
    return int(text)


def _depth(value: object) -> int:
    """Count the levels of lists and objects, without recursion."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [each for item in level for each in (item.values() if isinstance(item, dict) else item)]
    return depth
