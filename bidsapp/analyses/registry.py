"""Finds the installed analyses through their entry points."""

from __future__ import annotations

from importlib.metadata import entry_points

from bidsapp.analyses.protocol import Trainable
from bidsapp.errors import UnavailableError

GROUP = "bidsapp.analyses"


def names() -> tuple[str, ...]:
    """Give the names of all installed analyses, sorted, without importing them."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load(name: str) -> Trainable:
    """Import what an entry point of this name announces.

    Raises
    ------
    UnavailableError
        There is none of this name, or what the entry point names cannot be imported or used.
    """
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    if not found:
        raise UnavailableError(f"No analysis named '{name}' is installed; there are {', '.join(names())}.")
    try:
        loaded = found[0].load()
    except (ImportError, AttributeError) as error:
        raise UnavailableError(
            f"Analysis '{name}' ({found[0].value}) cannot be imported: {error}."
        ) from error
    if not isinstance(loaded, Trainable):
        raise UnavailableError(
            f"Entry point '{name}' ({found[0].value}) is no analysis; see docs/architecture.md."
        )
    return loaded
