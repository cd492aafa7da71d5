"""Options from a TOML file, under the same names and checks as on the command line."""

from __future__ import annotations

from pathlib import Path

from bidsapp.cli.convert import WrongValueError, convert, suggest
from bidsapp.cli.options import options
from bidsapp.errors import BadDataError, NoInputError
from bidsapp.reading import read_toml


def read_config(path: Path) -> dict[str, object]:
    """Read a ``--config-file``.

    Keys are the long names of options, with dashes or underscores; relative paths start from the
    folder of the file.

    Returns
    -------
    dict
        Values by field of ``Settings``.

    Raises
    ------
    NoInputError
        The file cannot be read.
    BadDataError
        It is not TOML, or holds an unknown key or a wrong value.
    """
    known = {name: option for name, option in options().items() if option.field}
    values: dict[str, object] = {}
    for key, value in _load(path).items():
        option = known.get(key.replace("_", "-"))
        if option is None:
            raise BadDataError(
                f"{path}: unknown option '{key}'.{suggest(key.replace('_', '-'), known)} "
                "The names are those of the command line, without dashes in front."
            )
        try:
            values[option.field] = convert(option, value, path.parent)
        except WrongValueError as error:
            raise BadDataError(f"{path}: {key}: {error}.") from error
    return values


def _load(path: Path) -> dict[str, object]:
    try:
        return read_toml(path)
    except (NoInputError, BadDataError) as error:
        raise type(error)(f"--config-file {error}") from error
