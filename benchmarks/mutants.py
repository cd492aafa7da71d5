"""Mutated files of every kind that a run reads: each is read or refused in a sentence, within limits.

    python benchmarks/mutants.py [--count 5000] [--seed 0] [--kind NIfTI]

breaks small sound files by bytes and by structure (NIfTI, JSON, TSV, b-values, TOML, filters, bundles, whole
datasets) and gives each to the functions that a run calls before its first step, in a child process with
limits on memory, processor time and size of files. A traceback, a hang, memory beyond the limit, a text that
is no sentence, or anything written outside of the output folder is told with the mutant's number, and
``--kind NIfTI --only NUMBER --keep FOLDER`` makes that mutant again.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from itertools import groupby
from pathlib import Path

from tests.mutants.judge import GOOD, Verdict, judge
from tests.mutants.kinds import KINDS, Kind, plan

BAD = ("crash", "hang", "memory", "unclear", "outside")


def try_one(kind: Kind, seed: int, keep: Path | None = None) -> Verdict:
    """Make one mutant in a folder of its own and judge it."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as made:
        folder = keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        kind.make(folder, random.Random(f"{kind.name} {seed}"))
        return judge(kind.read, folder)


def write_row(name: str, found: list[Verdict]) -> None:
    """Print how many mutants of a kind ended in which way, and the most that one took."""
    counts = Counter(item.outcome for item in found)
    slowest = max((item.seconds for item in found), default=0.0)
    largest = max((item.megabytes for item in found), default=0.0)
    cells = " ".join(f"{counts[outcome]:8d}" for outcome in (*GOOD, *BAD))
    print(f"{name:14s} {len(found):7d} {cells} {slowest:6.2f} {largest:7.0f}", flush=True)


def main() -> int:
    """Judge and print; the exit code says whether every mutant ended well."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", nargs="+", choices=[kind.name for kind in KINDS])
    parser.add_argument("--only", type=int, metavar="NUMBER")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    print(
        f"{'kind':14s} {'mutants':>7s} "
        + " ".join(f"{name:>8s}" for name in (*GOOD, *BAD))
        + "  max s  max MB"
    )
    every: list[Verdict] = []
    for kind, seeds in groupby(plan(options.count, options.seed), key=lambda pair: pair[0]):
        if options.kind and kind.name not in options.kind:
            continue
        found = []
        for _, seed in seeds:
            if options.only not in {None, seed}:
                continue
            verdict = try_one(kind, seed, options.keep)
            found.append(verdict)
            if not verdict.is_good or options.only is not None:
                print(f"{kind.name} {seed}: {verdict.outcome}: {verdict.text}", flush=True)
        write_row(kind.name, found)
        every += found
    write_row("all", every)
    return 0 if all(item.is_good for item in every) else 1


if __name__ == "__main__":
    sys.exit(main())
