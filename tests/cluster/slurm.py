"""What tests and benchmarks on a real Slurm share: submit a cohort, wait for it, ask what ran where."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bidsapp.errors import BidsAppError
from bidsapp.layout import status_file
from bidsapp.status import RunStatus
from tests.ready_signals import SONG_2018, add_subject, resting_signals, write_dataset

PATIENCE = 1200
SIGNALS = ("--analysis", "coma", "--mem", "2G")
"""What a subject without images needs."""
_FIELD = re.compile(r"(\w+)=(\S*)")


@dataclass(frozen=True)
class TaskRecord:
    """One task as the scheduler saw it: ``state`` as ``COMPLETED``; ``node`` is empty before it began."""

    number: int
    state: str
    node: str
    start: datetime | None
    end: datetime | None

    @property
    def seconds(self) -> float:
        """How long it ran, to the second; 0 where it has not ended."""
        return (self.end - self.start).total_seconds() if self.start and self.end else 0.0


def write_cohort(folder: Path, labels: Sequence[str]) -> Path:
    """Write a dataset of subjects with signals of regions, whom the program does in seconds."""
    rows = "".join(f"sub-{label}\t{40 + number}\n" for number, label in enumerate(labels))
    write_dataset(folder, f"participant_id\tage\n{rows}")
    for number, label in enumerate(labels):
        add_subject(folder, label, resting_signals(number, 60, len(SONG_2018)), RepetitionTime=2.0)
    return folder


def submit(bids: Path, out: Path, *words: str, subjects: Sequence[str] = SIGNALS) -> tuple[Path, list[str]]:
    """Submit with the program itself; give the folder of scripts and the numbers of the jobs."""
    done = subprocess.run(
        [sys.executable, "-m", "bidsapp.cli.hpc.main", bids, out, "participant", "group",
         *subjects, "--submit", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = max((out / "work" / "hpc").iterdir())
    return folder, (folder / "jobs.txt").read_text().split()


def wait_until(happened: Callable[[], bool], what: str) -> None:
    """Wait until something has happened, up to ``PATIENCE`` seconds."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.5)


def have_ended(jobs: Sequence[str]) -> bool:
    """Tell whether all tasks of these jobs have ended, well or not."""
    listing = subprocess.run(
        ["squeue", "--noheader", "--jobs", ",".join(jobs), "--states", "PENDING,RUNNING,COMPLETING"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return not listing.stdout.strip()


def follow(jobs: Sequence[str]) -> dict[int, TaskRecord]:
    """Wait for jobs to end; give the tasks of the first one, an array, by number."""
    records: dict[int, TaskRecord] = {}

    def ask() -> bool:
        over = have_ended(jobs)
        records.update(tasks_of(jobs[0]))  # early ones are soon forgotten
        return over

    wait_until(ask, f"jobs {', '.join(jobs)}")
    return records


def tasks_of(job: str) -> dict[int, TaskRecord]:
    """Give the tasks of an array that have begun, by number; Slurm soon forgets those that have ended."""
    shown = subprocess.run(
        ["scontrol", "--oneliner", "show", "job", job], capture_output=True, text=True, check=False
    )
    records: dict[int, TaskRecord] = {}
    for line in shown.stdout.splitlines():
        said = dict(_FIELD.findall(line))
        if not said.get("ArrayTaskId", "").isdigit() or said["JobState"] == "PENDING":
            continue
        over = said["JobState"] not in {"RUNNING", "COMPLETING"}
        number = int(said["ArrayTaskId"])
        records[number] = TaskRecord(
            number,
            said["JobState"],
            said["NodeList"],
            _time(said["StartTime"]),
            _time(said["EndTime"]) if over else None,
        )
    return records


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text[:1].isdigit() else None


def set_node(name: str, state: str) -> None:
    """Change the state of a node, as an administrator does."""
    reason = ["Reason=test"] if state == "DRAIN" else []
    subprocess.run(["scontrol", "update", f"NodeName={name}", f"State={state}", *reason], check=True)


def state_of(out: Path, subject: str, session: str | None = None) -> str:
    """Give the state of a session's status, or ``none`` before there is one."""
    try:
        return RunStatus.read(status_file(out, subject, session)).state
    except BidsAppError:
        return "none"


def logs_of(folder: Path) -> dict[str, str]:
    """Give what the jobs printed, by file."""
    return {path.name: path.read_text() for path in folder.glob("*.log")}
