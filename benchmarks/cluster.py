"""How an array scales on a real Slurm, from 1 to 4 workers, against the ideal.

    python benchmarks/cluster.py [--subjects 20] [--workers 1 2 3 4] [--write measured.json]

needs ``sbatch`` on the PATH (and ``SLURM_CONF`` set where that needs it). Each row is a fresh output folder.
``--write`` keeps what ``projection.py --check`` compares its simulation with. Where the nodes are one
machine, they share its processors: the share of the ideal is given of the workers and of the processors.
One subject alone comes first: a task that takes longer than its processor seconds shared with other programs.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

from scale_cost import PROGRAM, measure

from tests.cluster.slurm import TaskRecord, follow, state_of, submit, write_cohort

HEAD = "workers  seconds  speed-up  of workers  of processors  seconds of a task  load before"


@dataclass(frozen=True)
class Scaling:
    """One array: how many tasks ran at a time, seconds from the first start to the last end, of each task."""

    workers: int
    makespan: float
    tasks: tuple[float, ...]
    load: float


def run_array(bids: Path, out: Path, labels: Collection[str], workers: int) -> Scaling:
    """Run a cohort with so many tasks at a time; the load is that of the machine before it began."""
    load = os.getloadavg()[0]
    _, jobs = submit(bids, out, "--max-running", str(workers))
    records = follow(jobs)
    unfinished = [label for label in labels if state_of(out, label) != "done"]
    if unfinished or len(records) != len(labels):
        raise SystemExit(f"{len(records)} of {len(labels)} tasks were seen; not finished: {unfinished}")
    return Scaling(workers, span(records.values()), tuple(item.seconds for item in records.values()), load)


def span(records: Collection[TaskRecord]) -> float:
    """Give the seconds from the first start to the last end."""
    starts = [item.start for item in records if item.start]
    ends = [item.end for item in records if item.end]
    return (max(ends) - min(starts)).total_seconds()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--subjects", type=int, default=20)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args()
    labels = [f"{number:02d}" for number in range(1, options.subjects + 1)]
    cores = len(os.sched_getaffinity(0))
    print(f"{options.subjects} subjects; {cores} processors on this machine")
    rows: list[Scaling] = []
    with tempfile.TemporaryDirectory() as name:
        bids = write_cohort(Path(name) / "bids", labels)
        words = ["participant", "--analysis", "coma", "--participant-label", labels[0]]
        alone = measure([PROGRAM, bids, Path(name) / "alone", *words])
        print(
            f"one subject alone: {alone.wall:.1f} s, of which processors {alone.cpu:.1f} s\n{HEAD}",
            flush=True,
        )
        for workers in options.workers:
            row = run_array(bids, Path(name) / f"out{workers}", labels, workers)
            rows.append(row)
            faster = rows[0].makespan * rows[0].workers / row.makespan
            shares = f"{faster / workers:11.0%} {faster / min(workers, cores):14.0%}"
            mean = sum(row.tasks) / len(row.tasks)
            print(
                f"{workers:7d} {row.makespan:8.0f} {faster:9.2f} {shares} {mean:18.1f} {row.load:12.1f}",
                flush=True,
            )
    if options.write:
        content = {"cores": cores, "cpu_seconds": alone.cpu, "runs": [asdict(row) for row in rows]}
        options.write.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
