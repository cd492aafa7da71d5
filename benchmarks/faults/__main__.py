"""Inject each kind of fault into a real run and hold the outcome against the promise.

    python benchmarks/faults [--only NAME ...] [--list]

writes ``docs/reliability.md``. Mounts are made in a namespace of this command's own; nobody else sees them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.faults.judge import judge
from benchmarks.faults.kinds import FAULTS
from benchmarks.faults.machine import allows, enter_namespace
from benchmarks.faults.scene import Scene


def main() -> int:
    """Inject, judge and print; the exit code says whether all promises were kept."""
    names = [fault.name for fault in FAULTS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    options = parser.parse_args()
    enter_namespace()
    kept = True
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        scene = Scene(Path(folder))
        for fault in FAULTS:
            if fault.name not in options.only:
                continue
            if not allows(fault.needs):
                print(f"{fault.name}: not here, it needs {fault.needs}", flush=True)
                continue
            verdict = judge(fault, scene)
            kept = kept and not verdict.broken
            print(
                f"{fault.name}: {'; '.join(verdict.broken) or 'as promised'} ({verdict.seconds:.0f} s, {verdict.total:.0f} s)"
            )
            if verdict.broken:
                print(verdict.said)
            sys.stdout.flush()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
