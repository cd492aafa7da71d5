"""Runs what reads a mutant in a child with limits, and says whether all that was promised of it held."""

from __future__ import annotations

import json
import os
import re
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bidsapp.errors import BidsAppError

SECONDS = 10
"""Processor time that a mutant may take; sound files take a hundredth."""
MEMORY = 1 << 30
"""Memory that a mutant may take beyond what the program has at its start."""
WRITTEN = 64 << 20
GOOD = ("read", "refused")
_EVENTS = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate"}


@dataclass(frozen=True)
class Verdict:
    """How a mutant ended: ``read``, ``refused`` in a sentence, or what must not be.

    ``outcome`` is then ``crash``, ``hang``, ``memory``, ``unclear`` (no sentence) or ``outside``.
    """

    outcome: str
    text: str
    seconds: float = 0.0
    megabytes: float = 0.0

    @property
    def is_good(self) -> bool:
        return self.outcome in GOOD


def judge(read: Callable[[Path], object], folder: Path) -> Verdict:
    """Call ``read(folder)`` in a child; it may write below ``folder / "out"`` alone."""
    receiver, sender = os.pipe()
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(receiver)
        _serve(read, folder, sender)
    os.close(sender)
    ready, _, _ = select.select([receiver], [], [], 20 * SECONDS)  # a loaded machine is slow
    said = os.read(receiver, 1 << 16) if ready else b""
    os.close(receiver)
    if not ready:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if said:
        return Verdict(**json.loads(said))
    hung = not ready or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU)
    return Verdict("hang" if hung else "crash", f"status {status}", time.monotonic() - begin)


def _serve(read: Callable[[Path], object], folder: Path, sender: int) -> None:
    """Be the child: never return."""
    outside: list[str] = []
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    _limit()
    before = _peak()
    sys.addaudithook(_watch(folder / "out", outside))
    outcome, text = _outcome(read, folder)
    if outside:
        outcome, text = "outside", "; ".join(outside[:5])
    verdict = Verdict(outcome, text[:4000], time.process_time(), max(0.0, _peak() - before))
    os.write(sender, json.dumps(verdict.__dict__).encode())
    os._exit(0)


def _outcome(read: Callable[[Path], object], folder: Path) -> tuple[str, str]:
    try:
        read(folder)
    except BidsAppError as error:
        return ("refused" if is_sentence(str(error)) else "unclear"), str(error)
    except MemoryError:
        return "memory", traceback.format_exc(limit=-3)
    except BaseException:
        return "crash", traceback.format_exc(limit=-4)
    return "read", ""


def is_sentence(text: str) -> bool:
    """Tell whether a text is what a user can read: on one line, printable, not endless, and ended."""
    return text.isprintable() and 10 < len(text) < 3000 and bool(re.search(r"[.?]$", text))


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    space = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _watch(allowed: Path, outside: list[str]) -> Callable[[str, tuple[object, ...]], None]:
    root = os.path.realpath(allowed)

    def hook(event: str, given: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = given
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            if not writes or not isinstance(path, str | bytes | os.PathLike):
                return
            paths: tuple[object, ...] = (path,)
        elif event in _EVENTS:
            paths = tuple(each for each in given if isinstance(each, str | bytes | os.PathLike))
        else:
            return
        for each in paths:
            real = os.path.realpath(os.fsdecode(each))  # type: ignore[arg-type]
            if real not in {os.devnull, root} and not real.startswith(f"{root}/"):
                outside.append(f"{event} {real}")

    return hook
