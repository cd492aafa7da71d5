"""How many processors and how much memory this process may use: a cluster's share, not the whole node."""

from __future__ import annotations

import math
import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def processors(root: Path = ROOT, own: Path = OWN) -> int:
    """Count the processors of the affinity mask, fewer where a control group sets a quota."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [_quota(folder) for folder in _folders(root, own)]
    return max(1, min([count, *(math.ceil(quota) for quota in quotas if quota is not None)]))


def memory_gb(root: Path = ROOT, own: Path = OWN) -> float:
    """Give the memory that this process may use, in GB (1e9 bytes), rounded down to 0.1."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [
        _integer(folder / name)
        for folder in _folders(root, own)
        for name in ("memory.max", "memory.limit_in_bytes")
    ]
    return math.floor(min([total, *(limit for limit in limits if limit)]) / 1e8) / 10


def _folders(root: Path, own: Path) -> list[Path]:
    """Folders of this process's control groups, version 2 and 1, each with all of its parents."""
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux, or /proc is hidden: no control group to obey
        return []
    found: dict[Path, None] = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for base in [root, *(root / name for name in (controllers, *controllers.split(",")) if name)]:
            place = base / path.lstrip("/")
            while place != base:
                found[place] = None
                place = place.parent
            found[base] = None
    return [folder for folder in found if folder.is_dir()]


def _quota(folder: Path) -> float | None:
    words = _text(folder / "cpu.max").split()
    if len(words) == 2 and words[0].isdecimal():
        return int(words[0]) / int(words[1])
    quota, period = _integer(folder / "cpu.cfs_quota_us"), _integer(folder / "cpu.cfs_period_us")
    return quota / period if quota and period else None


def _integer(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:  # this controller is not in this group: it sets no limit
        return ""
