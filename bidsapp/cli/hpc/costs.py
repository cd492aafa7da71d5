"""Default limits of a task, from the measured costs that ``data/cluster/costs.toml`` declares."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

TEN_MINUTES = 600
HALF_GB = 512


@dataclass(frozen=True)
class Limits:
    """What a job asks for: wall time in seconds and memory in MB (1024 to the GB, as schedulers count)."""

    seconds: int
    megabytes: int

    @property
    def clock(self) -> str:
        """Wall time as ``HH:MM:SS``; hours go beyond 24."""
        return f"{self.seconds // 3600:02d}:{self.seconds // 60 % 60:02d}:{self.seconds % 60:02d}"


def estimate(level: Literal["participant", "group"], sessions: int, *, explain: bool = False) -> Limits:
    """Give the limits of a job: measured cost times margin, in steps of ten minutes and half a GB.

    Parameters
    ----------
    level
        ``participant``: one subject; ``group``: the whole cohort.
    sessions
        Most sessions of a subject, or all sessions of the cohort.
    explain
        Whether the lesion network is explained (``--explain``).
    """
    cost, margin = _costs()[level], _costs()["margin"]
    seconds = cost["start_seconds"] + sessions * cost["session_seconds"]
    if explain and level == "participant":
        seconds += sessions * cost["explain_seconds"]
    megabytes = cost["memory_mb"] + sessions * cost["session_mb"]
    return Limits(
        _round_up(seconds * margin["time"], TEN_MINUTES), _round_up(megabytes * margin["memory"], HALF_GB)
    )


def _round_up(value: float, step: int) -> int:
    return math.ceil(value / step) * step


@cache
def _costs() -> dict[str, dict[str, float]]:
    return tomllib.loads((files("bidsapp") / "data" / "cluster" / "costs.toml").read_text(encoding="utf-8"))
