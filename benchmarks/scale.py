"""A thousand subjects of two sessions: finding data, ``--dry-run``, the group report, its page in a browser.

    python benchmarks/scale.py [--subjects 100 300 1000] [--like OUTPUT_DIR] [--work FOLDER]
        [--figure FILE.svg] [bidsapp option]

Each row is a fresh process: wall and processor seconds with all imports, the memory of its largest process,
against the promise. The raw dataset is a skeleton of links to one tiny image. ``--like`` names an output
folder with subjects that were really processed: the group level then runs on copies of their findings, with
new labels and numbers a little changed, and links to their images. ``--figure`` plots the growth.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scale_cohort import grow
from scale_cost import PROGRAM, Cost, measure
from scale_growth import Growth
from scale_page import time_page
from scale_raw import FIRST_NODE, costs_of_finding, dry_run

from bidsapp.reports.layout import read_layout
from bidsapp.simulate.skeleton import skeleton
from tests.browser import find_browser

START, PLAN, GROUP, OPEN, SORT, SIZE = (
    "start-up (--version)",
    "--dry-run",
    "group level",
    "page: opened",
    "page: sorted",
    "page: MB",
)
PROMISES = {START: 0.5, FIRST_NODE: 3.0, PLAN: 30.0, OPEN: 2.0, SORT: 2.0}
PROMISES |= {SIZE: read_layout().limits.group_bytes / 1e6}
FLAT = 1.25  # the largest dry run may hold so many times the memory of the smallest


class Results:
    """Prints rows as they come, and remembers broken promises."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.growth = Growth()
        print(f"{'':40}{'wall s':>9}{'cpu s':>9}{'MB':>7}  promise")

    def cost(self, what: str, cost: Cost, promise: str = "") -> None:
        """Print what a process cost; ``promise`` is about its wall seconds."""
        peak = "" if cost.peak_mb is None else f"{cost.peak_mb:.0f}"
        self._print(what, f"{cost.wall:9.2f}{cost.cpu:9.2f}{peak:>7}", cost.wall, promise)

    def value(self, what: str, value: float) -> None:
        """Print a number in the first column."""
        self._print(what, f"{value:9.2f}{'':16}", value, what)

    def _print(self, what: str, numbers: str, value: float, promise: str) -> None:
        most = PROMISES.get(promise)
        print(f"{what:40}{numbers}" + (f"  <= {most:g}" if most else ""), flush=True)
        self.broken += [what] if most and value > most else []


def measure_raw(results: Results, folder: Path, sizes: Sequence[int], words: Sequence[str]) -> None:
    """Measure what reads the raw dataset; memory at each size of it."""
    results.cost(START, measure([PROGRAM, "--version"]), START)
    peaks = []
    for size in sizes:
        raw, out = folder / f"raw{size}", folder / f"out{size}"
        labels = skeleton(raw, size, 2)
        cost = dry_run(raw, out, words)
        results.cost(f"{PLAN} of {size} subjects", cost, PLAN)
        results.growth.add(PLAN, size, cost)
        peaks.append(cost.peak_mb or 0.0)
    if peaks[-1] > FLAT * peaks[0]:
        results.broken.append("flat memory of --dry-run")
    for task, cost in costs_of_finding(raw, out, labels[size // 2], words):
        results.cost(f"{task}, of {size}", cost, task)


def measure_group(results: Results, folder: Path, sizes: Sequence[int], like: Path) -> None:
    """Measure the group level at each size, and the page of the largest cohort."""
    for size in sizes:
        raw, out = folder / f"raw{size}", folder / f"group{size}"
        models = grow(like, raw, out, sorted(path.name[4:] for path in raw.glob("sub-*")), 2)
        cost = measure([PROGRAM, raw, out, "group"])
        results.cost(f"{GROUP} of {size} subjects", cost)
        results.growth.add(GROUP, size, cost)
        page = out / "group_report.html"
        results.growth.page_mb[size] = page.stat().st_size / 1e6
        results.value(SIZE, results.growth.page_mb[size])
    files = sum(not path.is_dir() for path in out.rglob("*"))
    print(f"copies of {models} subjects; {files / size:.1f} files a subject with two sessions")
    program = find_browser()
    if program is None:
        print("There is no Chromium on the PATH: the page was not opened.")
        return
    times = time_page(program, page)
    results.value(OPEN, times.load / 1000)
    results.value(SORT, times.slowest_sort / 1000)
    print(f"processors: {times.load_cpu:.0f} ms to open, {times.sort_cpu:.0f} ms a sort in the mean")
    print(f"the slowest of {times.headings} columns: {times.slowest}; {times.wrong} not in order")
    results.broken += ["order"] if times.wrong else []


def main() -> int:
    """Measure and print; the exit code says whether all promises are kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--subjects", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--like", type=Path, metavar="OUTPUT_DIR", help="subjects for the group level")
    parser.add_argument("--work", type=Path, help="folder for all files; by default a temporary one")
    parser.add_argument("--figure", type=Path, help="PNG or SVG of the growth")
    options, words = parser.parse_known_args()
    results = Results()
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        measure_raw(results, Path(name), options.subjects, words)
        if options.like:
            measure_group(results, Path(name), options.subjects, options.like)
    if options.figure:
        results.growth.draw(options.figure, most_mb=PROMISES[SIZE])
    if results.broken:
        print(f"Broken promise: {', '.join(results.broken)}")
    return 1 if results.broken else 0


if __name__ == "__main__":
    sys.exit(main())
