"""Kill -9 at random moments, then the same command again: the final bytes equal those of an undisturbed run.

    python benchmarks/kills.py [--signals 100] [--images 10] [--seed 0]

runs a subject with signals of regions, and a simulated head, once undisturbed; then, for each moment drawn
over the time that took, starts them in a fresh output folder, kills the first process, a subject's or all
(drawn as well), gives the same command again and compares. What it counts goes to ``docs/reliability.md``.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from benchmarks.faults.measured import commit, keep
from benchmarks.faults.page import PATIENCE, write_page
from benchmarks.faults.program import Ended, Program
from benchmarks.faults.scene import FIRST, Scene, derivatives
from bidsapp.simulate.sample import write_sample

WHAT = ("parent", "worker", "all")
BAD = ("files that differ", "runs that failed afterwards", "hangs", "processes left over")


class Target(Protocol):
    """What is started and killed."""

    def start(self) -> Program:
        """Start the program."""
        ...

    def reset(self) -> None:
        """Begin with a fresh output folder."""
        ...

    def results(self) -> Mapping[str, str]:
        """Digest the derivatives."""
        ...


class Signals:
    """A subject with signals of regions, beside one who was done before."""

    def __init__(self, folder: Path) -> None:
        self._scene = Scene(folder)
        self.reset, self.results = self._scene.reset, self._scene.results

    def start(self) -> Program:
        """Start the program."""
        return self._scene.start(labels=[FIRST])


class Heads:
    """A simulated head with all analyses."""

    def __init__(self, folder: Path) -> None:
        self._root = folder
        write_sample(folder / "bids", subjects=["control01"], voxel_size=3.0)

    def start(self) -> Program:
        """Start the program."""
        words = [str(self._root / "bids"), str(self._root / "out"), "participant"]
        return Program(words, place=self._root / "bids", out=self._root / "out", environment={})

    def reset(self) -> None:
        """Remove the output folder."""
        shutil.rmtree(self._root / "out", ignore_errors=True)

    def results(self) -> Mapping[str, str]:
        """Digest the derivatives."""
        return derivatives(self._root / "out")


def kill(run: Program, what: str, moment: float, limit: float) -> Ended:
    """Kill a part of a run after ``moment`` seconds; a worker that is not there yet is waited for."""
    time.sleep(moment)
    if what == "worker":
        while run.process.poll() is None and not (workers := run.workers()):
            time.sleep(0.01)
        with suppress(ProcessLookupError):
            if run.process.poll() is None:
                os.kill(workers[0].pid, signal.SIGKILL)
    else:
        run.signal(signal.SIGKILL, all_of_them=what == "all")
    return run.end(limit)


def count(target: Target, kills: int, chance: random.Random) -> Iterator[dict[str, float]]:
    """Kill and run again, time after time; give what was counted so far after each."""
    target.reset()
    usual = target.start().end(3600)
    expected = target.results()
    if usual.code:
        sys.exit(f"the undisturbed run ended with {usual.code}: {usual.text}")
    found: Counter[str] = Counter()
    begin = time.monotonic()
    for number in range(kills):
        target.reset()
        what, moment = chance.choice(WHAT), chance.uniform(0.2, usual.seconds)
        killed = kill(target.start(), what, moment, PATIENCE * usual.seconds)
        again = target.start().end(PATIENCE * usual.seconds)
        results = target.results()
        odd = {name for name in expected.keys() | results.keys() if expected.get(name) != results.get(name)}
        found += Counter(
            {
                "kills": 1,
                what: 1,
                "had ended before": killed.code == 0,
                "files that differ": len(odd),
                "runs that failed afterwards": again.code != 0,
                "hangs": killed.hung + again.hung,
                "processes left over": len(killed.left_over + again.left_over),
            }
        )
        print(f"{number + 1}: {what} after {moment:.1f} s: {killed.code}; again {again.code}, {sorted(odd)}")
        sys.stdout.flush()
        yield {**found, "files": len(expected), "usual": usual.seconds, "seconds": time.monotonic() - begin}


def main() -> int:
    """Measure and print; the exit code says whether all was as it must be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--signals", type=int, default=100)
    parser.add_argument("--images", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    bad, measured_on = 0.0, commit()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        for name, make, kills in (("signals", Signals, options.signals), ("images", Heads, options.images)):
            if not kills:
                continue
            counted: dict[str, float] = {}
            for counted in count(make(Path(folder) / name), kills, chance):
                keep("kills", name, {**counted, "commit": measured_on})
            print(f"{name}: {counted}")
            bad += sum(counted.get(what, 0) for what in BAD)
    write_page()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
