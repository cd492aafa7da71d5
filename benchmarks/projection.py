"""What 10,000 and 100,000 subjects would take on 10, 100 and 1,000 nodes: hours, core-hours, files, costs.

    python benchmarks/projection.py --check measured.json          # against what cluster.py measured
    python benchmarks/projection.py --like OUTPUT_DIR [--slots 32] [--price 0.04] ...

The simulation is that of ``queueing.py``. A task costs the processor seconds of a subject's steps, drawn from
the ``status.json`` of ``OUTPUT_DIR``, and its start-up, and it moves the bytes and files that are there. What
the simulation was not checked against, a network file system and a scheduler under load, are options.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from queueing import Cluster, simulate

from bidsapp.layout import log_dir
from bidsapp.status import RunStatus

SHARED = 1.15  # times its processor seconds that a task takes, beyond which others were at work
SUBJECTS, NODES = (10_000, 100_000), (10, 100, 1000)


@dataclass(frozen=True)
class Profile:
    """What was measured: processor seconds of each subject; mean files and MB of what a subject leaves."""

    seconds: tuple[float, ...]
    files: float
    megabytes: float


def read_profile(like: Path) -> Profile:
    """Read what the sessions of an output folder cost and left; a session counts as a subject."""
    found = (RunStatus.read(path) for path in sorted((like / "logs").glob("sub-*/**/status.json")))
    done = [status for status in found if status.state == "done"]
    paths = [like / name for status in done for name in status.outputs]
    for status in done:
        paths += [path for path in log_dir(like, status.subject, status.session).iterdir() if path.is_file()]
    paths += like.glob("sub-*.html")
    unique = {path.resolve() for path in paths}
    return Profile(
        tuple(sum(step.cpu_seconds for step in status.steps) for status in done),
        len(unique) / len(done),
        sum(path.stat().st_size for path in unique) / 1e6 / len(done),
    )


def check(path: Path) -> None:
    """Simulate the measured arrays; print the relative errors.

    The array with the fewest workers tells how the tasks differ, how long a slot is empty between two, and
    how many other programs shared the processors; the other arrays are predicted.
    """
    measured = json.loads(path.read_text(encoding="utf-8"))
    first, *rest = sorted(measured["runs"], key=lambda run: run["workers"])
    tasks, cores = np.array(first["tasks"]), measured["cores"]
    turnover = max(first["makespan"] - tasks.sum() / first["workers"], 0.0) / max(len(tasks) - 1, 1)
    slower = tasks.mean() / measured["cpu_seconds"]
    others = max(cores * slower - first["workers"], 0.0) if slower > SHARED else 0.0
    seconds = (tasks / slower).tolist()
    print(
        f"from {first['workers']} worker: a slot is empty for {turnover:.1f} s between two tasks, which take"
    )
    print(f"{slower:.1f} times their processor seconds: {others:.1f} other programs on {cores} processors")
    print("workers  measured  simulated  error")
    for run in (first, *rest):
        cluster = Cluster(slots=run["workers"], cores=cores, others=others, turnover=turnover)
        found = simulate(seconds, [0.0] * len(seconds), cluster).makespan
        error = found / run["makespan"] - 1
        print(f"{run['workers']:7d} {run['makespan']:7.0f} s {found:8.0f} s {error:+6.1%}")


def project(profile: Profile, options: argparse.Namespace) -> None:
    """Print a row for each size of cohort and of cluster."""
    mean, spread = np.mean(profile.seconds), np.std(profile.seconds)
    print(f"{len(profile.seconds)} measured: {mean:.0f} CPU s (standard deviation {spread:.0f})")
    print(f"{profile.files:.0f} files and {profile.megabytes:.1f} MB each; {options.slots} tasks on a node\n")
    print("subjects  nodes    hours  core-hours  used     files       GB     cost  limited by")
    rng = np.random.default_rng(0)
    for subjects in SUBJECTS:
        drawn = rng.choice(profile.seconds, subjects) * options.slower
        waits = profile.files * options.file_ms / 1000 + np.arange(subjects) / 1000 * options.table_seconds
        seconds = drawn + options.start_seconds + waits
        moved = np.full(subjects, profile.megabytes + options.read_mb)
        disk = f"{subjects * profile.files:9.0f} {subjects * profile.megabytes / 1000:8.0f}"
        for nodes in NODES:
            cluster = cluster_of(nodes, options)
            found = simulate(seconds.tolist(), moved.tolist(), cluster)
            hours = found.occupied / 3600
            time = f"{found.makespan / 3600:8.2f} {hours:11.0f} {drawn.sum() / found.occupied:5.0%}"
            limit = limit_of(seconds, moved, cluster)
            print(f"{subjects:8d} {nodes:6d} {time} {disk} {hours * options.price:8.0f}  {limit}", flush=True)


def cluster_of(nodes: int, options: argparse.Namespace) -> Cluster:
    """Make the cluster that the options describe."""
    return Cluster(
        slots=nodes * options.slots,
        dispatch=1 / options.starts_per_second,
        turnover=options.turnover,
        bandwidth=options.bandwidth,
        link=options.link,
    )


def limit_of(seconds: NDArray[np.float64], megabytes: NDArray[np.float64], cluster: Cluster) -> str:
    """Say what alone would take the longest."""
    alone = {
        "processors": (seconds.sum() + cluster.turnover * seconds.size) / cluster.slots,
        "scheduler": seconds.size * cluster.dispatch,
        "file system": megabytes.sum() / cluster.bandwidth,
        "one subject": seconds.max(),
    }
    return max(alone, key=lambda name: alone[name])


def main() -> None:
    """Check or project."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", type=Path, metavar="FILE")
    parser.add_argument("--like", type=Path, metavar="OUTPUT_DIR")
    for name, default, text in (
        ("slots", 32, "tasks that fit on a node"),
        ("price", 0.04, "of a core-hour, in any currency"),
        ("slower", 1.0, "how much slower a core is, all cores busy"),
        ("start-seconds", 8.0, "processor seconds of a task beside its steps: imports, report"),
        ("read-mb", 30.0, "MB of images and program that a task reads"),
        ("file-ms", 20.0, "ms that a file system needs to make one file"),
        ("table-seconds", 0.01, "seconds to write participants.tsv for each 1,000 subjects present"),
        ("turnover", 1.0, "seconds that a slot is empty between two tasks"),
        ("starts-per-second", 20.0, "tasks that the scheduler starts in a second"),
        ("bandwidth", 2000.0, "MB/s of the shared file system"),
        ("link", 200.0, "MB/s that one task gets at most"),
    ):
        parser.add_argument(f"--{name}", type=type(default), default=default, help=f"{text} (%(default)s)")
    options = parser.parse_args()
    if options.check:
        check(options.check)
    if options.like:
        project(read_profile(options.like), options)
    if not options.check and not options.like:
        parser.error("give --check, --like or both")


if __name__ == "__main__":
    main()
