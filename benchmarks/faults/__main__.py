"""Inject each kind of fault into a real run and hold the outcome against the promise.

    python benchmarks/faults [--only NAME ...] [--page]

writes ``docs/reliability.md``. Mounts are made in a namespace of this command's own; nobody else sees them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from benchmarks.faults.judge import judge
from benchmarks.faults.kinds import FAULTS
from benchmarks.faults.machine import allows, enter_namespace
from benchmarks.faults.measured import commit, keep
from benchmarks.faults.page import write_page
from benchmarks.faults.scene import Scene


def inject(names: Collection[str], scene: Scene) -> bool:
    """Inject what was asked for, print and keep what was seen; tell whether all was as promised."""
    kept, measured_on = True, commit()
    for fault in FAULTS:
        if fault.name not in names:
            continue
        if not allows(fault.needs):
            print(f"{fault.name}: not injected, this machine allows no {fault.needs}", flush=True)
            kept = False
            continue
        seen = judge(fault, scene)
        kept = kept and not seen.broken
        result = "; ".join(seen.broken) or "as promised"
        print(f"{fault.name}: {result} ({seen.seconds:.0f} s of {seen.total:.0f} s)", flush=True)
        if seen.broken:
            print(seen.said, flush=True)
        keep(
            "faults",
            fault.name,
            {
                "broken": list(seen.broken),
                "seconds": round(seen.seconds, 1),
                "total": round(seen.total, 1),
                "commit": measured_on,
            },
        )
    return kept


def main() -> int:
    """Inject, judge and write the page; the exit code says whether all promises were kept."""
    names = [fault.name for fault in FAULTS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--page", action="store_true", help="write the page from what was measured last")
    options = parser.parse_args()
    kept = True
    if not options.page:
        enter_namespace()
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            kept = inject(options.only, Scene(Path(folder)))
    print(write_page())
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
