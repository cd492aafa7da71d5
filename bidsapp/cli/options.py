"""The options as declared in ``data/options.toml``: parser, config file, descriptor and docs read them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

LEVELS = ("participant", "group", "train")
Kind = Literal["text", "label", "analysis", "integer", "number", "path", "filters", "flag", "count"]


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option of the command line.

    Attributes
    ----------
    name
        Long name without dashes; also the key in ``--config-file``.
    kind
        What its value is; see :mod:`bidsapp.cli.convert`.
    help
        One sentence for ``--help`` and the documentation.
    field
        Field of ``Settings``; empty when the value is not kept there.
    many
        Whether it takes several values.
    minimum, choices, pattern, prefix, must_exist
        What is checked of a value: smallest number, permitted values, regular expression,
        BIDS prefix that may be left out, and whether the path has to be there.
    packaged
        Folder of ``data/`` whose folders and TOML files can be given by their bare names.
    levels
        Levels for which it means something; empty for all.
    """

    name: str
    kind: Kind
    help: str
    field: str
    short: str = ""
    metavar: str = ""
    many: bool = False
    minimum: float | None = None
    choices: tuple[int, ...] = ()
    pattern: str = ""
    prefix: str = ""
    must_exist: bool = False
    packaged: str = ""
    levels: tuple[str, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """Spellings on the command line, the short one first."""
        return ((f"-{self.short}",) if self.short else ()) + (f"--{self.name}",)

    @property
    def dest(self) -> str:
        """Key of the parsed value."""
        return self.name.replace("-", "_")


@dataclass(frozen=True)
class Group:
    """Options that belong together under one heading."""

    title: str
    options: tuple[Option, ...]


@cache
def groups(file: str = "options.toml") -> tuple[Group, ...]:
    """Read the options that a file of ``data`` declares, in the order of the help text."""
    text = (files("bidsapp") / "data" / file).read_text(encoding="utf-8")
    return tuple(
        Group(group["title"], tuple(_option(item) for item in group["option"]))
        for group in tomllib.loads(text)["group"]
    )


def options(file: str = "options.toml") -> dict[str, Option]:
    """Give all options of a file by name, in the order of the help text."""
    return {option.name: option for group in groups(file) for option in group.options}


def _option(item: dict[str, object]) -> Option:
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in item.items()}
    values.setdefault("field", str(item["name"]).replace("-", "_"))
    return Option(**values)  # type: ignore[arg-type]
