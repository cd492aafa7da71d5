"""Finds the installed analyses through their entry points."""

from __future__ import annotations

from importlib.metadata import entry_points

from bidsapp.analyses.protocol import Analysis
from bidsapp.errors import UnavailableError

GROUP = "bidsapp.analyses"


def names() -> tuple[str, ...]:
    """Give the names of all installed analyses, sorted, without importing them."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load(name: str) -> Analysis:
    """Import an analysis.

    Raises
    ------
    UnavailableError
        There is none of this name, or what the entry point names is no analysis.
    """
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    if not found:
        raise UnavailableError(f"No analysis named '{name}' is installed; there are {', '.join(names())}.")
    analysis = found[0].load()
    if not isinstance(analysis, Analysis):
        raise UnavailableError(
            f"Entry point '{name}' ({found[0].value}) is no analysis; see analyses/protocol.py."
        )
    return analysis
