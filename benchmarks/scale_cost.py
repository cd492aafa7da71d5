"""What a process costs: wall and processor seconds, and the most memory that it held."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("bidsapp")


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock and of processors, and MB of the largest process; ``None`` where nobody looked."""

    wall: float
    cpu: float
    peak_mb: float | None = None


def measure(words: Sequence[str | Path]) -> Cost:
    """Run a command to its end, with all imports, and give what it and its children cost.

    Raises
    ------
    SystemExit
        It failed.
    """
    start = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words[0]} failed with {process.returncode}: {said.decode()}")
    return Cost(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def measure_code(code: str, *words: str | Path) -> Cost:
    """Run Python code in a fresh process; ``words`` are its ``sys.argv[1:]``."""
    return measure([sys.executable, "-c", code, *words])
