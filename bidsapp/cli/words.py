"""From ``Settings`` back to the words of a command line, so that another machine can do the same run."""

from __future__ import annotations

from bidsapp.cli.options import Option, options
from bidsapp.settings import Settings

FILTERS = "bids-filter-file"


def words_of(settings: Settings) -> list[str]:
    """Give options that :func:`bidsapp.cli.parse.parse` reads as these settings.

    Paths are absolute, a ``--config-file`` is resolved into its options, and what belongs to none of the
    levels is left out. The positional words and the filters, which are the content of a file, are left to
    the caller.
    """
    words: list[str] = []
    for option in options().values():
        elsewhere = option.levels and not set(option.levels) & set(settings.levels)
        if not option.field or option.name == FILTERS or elsewhere:
            continue
        value = getattr(settings, option.field)
        if value != getattr(Settings, option.field):
            words += _words(option, value)
    return words


def _words(option: Option, value: object) -> list[str]:
    name = f"--{option.name}"
    if option.kind == "flag":
        return [name]
    if option.kind == "count":
        return [name] * int(str(value))
    if isinstance(value, tuple):
        return [name, *map(str, value)]
    return [f"{name}={value}"]
