"""Hyper-parameters of one training, as a TOML file checked against the analysis's packaged defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bidsapp.errors import BadDataError, NoInputError
from bidsapp.files import digest_json
from bidsapp.reading import read_toml

Value = bool | int | float | str | list[float] | list[int] | list[str]


@dataclass(frozen=True)
class Recipe:
    """Named hyper-parameters of the training of one analysis."""

    analysis: str
    values: Mapping[str, Value]

    @classmethod
    def read(cls, analysis: str, defaults: Path, override: Path | None = None) -> Recipe:
        """Read the packaged defaults and, over them, the user's file.

        Raises
        ------
        NoInputError
            A file does not exist.
        BadDataError
            The file is not TOML, has an unknown key, or a value of another type than the default.
        """
        values = _load(defaults)
        for key, value in (_load(override) if override else {}).items():
            if key not in values:
                known = ", ".join(sorted(values))
                raise BadDataError(f"{override}: unknown recipe key '{key}'; known keys are {known}.")
            values[key] = _as_default(value, values[key], key, override)
        return cls(analysis, values)

    @property
    def digest(self) -> str:
        """SHA-256 of the values, to tell one training from another."""
        return digest_json({"analysis": self.analysis, "values": dict(self.values)})

    def swept(self, sweep: str) -> dict[str, Recipe]:
        """Give a recipe for each value of one key, by ``<key>-<value>``.

        Parameters
        ----------
        sweep
            ``KEY=VALUE,VALUE,...``; values are read as the type of the key's own.

        Raises
        ------
        BadDataError
            There is no such key, or a value is not of its type.
        """
        key, _, values = sweep.partition("=")
        known = {k: type(v) for k, v in self.values.items() if not isinstance(v, bool | list)}
        if key not in known:
            listed = ", ".join(sorted(known))
            raise BadDataError(f"--sweep names '{key}', which is no key to sweep; there are {listed}.")
        kind = known[key]
        try:
            return {
                f"{key}-{value}": replace(self, values={**self.values, key: kind(value)})
                for value in (item.strip() for item in values.split(","))
            }
        except ValueError as error:
            raise BadDataError(f"--sweep {sweep}: a value is not of type {kind.__name__}.") from error

    def integer(self, key: str) -> int:
        """Give an integer value."""
        value = self.values[key]
        if not isinstance(value, int):
            raise BadDataError(f"Recipe key '{key}' must be an integer, not {value!r}.")
        return value

    def number(self, key: str) -> float:
        """Give a real value."""
        value = self.values[key]
        if not isinstance(value, int | float):
            raise BadDataError(f"Recipe key '{key}' must be a number, not {value!r}.")
        return float(value)

    def text(self, key: str) -> str:
        """Give a string value."""
        value = self.values[key]
        if not isinstance(value, str):
            raise BadDataError(f"Recipe key '{key}' must be a string, not {value!r}.")
        return value

    def within(self, key: str, low: float, high: float) -> float:
        """Give a real value that must lie in a range."""
        value = self.number(key)
        if not low <= value <= high:
            raise BadDataError(f"Recipe key '{key}' must lie between {low:g} and {high:g}, not {value:g}.")
        return value

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        """Give a string value that must be one of a few."""
        value = self.text(key)
        if value not in allowed:
            raise BadDataError(f"Recipe key '{key}' is '{value}'; it can be {', '.join(allowed)}.")
        return value

    def names(self, key: str, allowed: Sequence[str] = ()) -> tuple[str, ...]:
        """Give a list of names, of a few where ``allowed`` names any."""
        values = self.values[key]
        if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
            raise BadDataError(f"Recipe key '{key}' must be a list of names, not {values!r}.")
        names = tuple(str(item) for item in values)
        unknown = [name for name in names if allowed and name not in allowed]
        if unknown:
            raise BadDataError(f"Recipe key '{key}' names {unknown[0]!r}; it can hold {', '.join(allowed)}.")
        return names

    def flag(self, key: str) -> bool:
        """Give a true-or-false value."""
        value = self.values[key]
        if not isinstance(value, bool):
            raise BadDataError(f"Recipe key '{key}' must be true or false, not {value!r}.")
        return value


def _load(path: Path) -> dict[str, Value]:
    try:
        return read_toml(path)  # type: ignore[return-value]  # each value is checked against its default
    except (NoInputError, BadDataError) as error:
        raise type(error)(f"Recipe (--recipe): {error}") from error


def _as_default(value: Value, default: Value, key: str, path: Path | None) -> Value:
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        kind = type(default).__name__
        raise BadDataError(f"{path}: recipe key '{key}' must be of type {kind}, not {value!r}.")
    return value
