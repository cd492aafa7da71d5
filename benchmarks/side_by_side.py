"""Eight runs at once in one output folder: each subject done once, and the bytes of a single run.

    python benchmarks/side_by_side.py [--runs 8] [--subjects 12] [--own 8] [--work-folders]

Each run is the program itself on ``--own`` of the subjects, so that most subjects are wanted by several runs.
The subjects have signals of regions and no image. ``--work-folders`` gives each run a work folder of its own,
as nodes with scratch disks have: such runs cannot see each other's claims, and a subject may be done twice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from itertools import chain
from pathlib import Path

from bidsapp.layout import status_file
from bidsapp.status import RunStatus
from tests.ready_signals import SONG_2018, add_subject, resting_signals, write_dataset
from tests.side_by_side import answers, digests, share_of, start, times_computed, validator_errors


def write_subjects(folder: Path, number: int) -> list[str]:
    """Write a dataset of so many subjects with signals of regions; give their labels."""
    labels = [f"{place:02d}" for place in range(1, number + 1)]
    rows = "".join(f"sub-{label}\t{30 + place}\n" for place, label in enumerate(labels))
    write_dataset(folder, f"participant_id\tage\n{rows}")
    for seed, label in enumerate(labels):
        add_subject(folder, label, resting_signals(seed, 60, len(SONG_2018)), RepetitionTime=2.0)
    return labels


def run_together(bids: Path, out: Path, shares: list[list[str]], own_folders: bool) -> list[int]:
    """Start a run for each share at the same moment; give their exit codes."""
    words = [["--work-dir", out.parent / f"work-{run}"] if own_folders else [] for run in range(len(shares))]
    runs = [start(bids, out, share, *more) for share, more in zip(shares, words, strict=True)]
    for run in runs:
        run.communicate()
    return [run.returncode for run in runs]


def main() -> int:
    """Run and print; the exit code says whether nothing was lost, done twice, invalid or different."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--subjects", type=int, default=12)
    parser.add_argument("--own", type=int, default=8, help="subjects of each run")
    parser.add_argument("--work-folders", action="store_true", help="a work folder for each run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bids, out, alone = (Path(name) / folder for folder in ("bids", "out", "alone"))
        labels = write_subjects(bids, options.subjects)
        shares = [share_of(labels, run, options.own) for run in range(options.runs)]
        begin = time.monotonic()
        codes = run_together(bids, out, shares, options.work_folders)
        seconds = time.monotonic() - begin
        start(bids, alone, labels).communicate()
        wanted = Counter(chain.from_iterable(shares))
        times = times_computed(out)
        lost = [label for label in wanted if RunStatus.read(status_file(out, label, None)).state != "done"]
        twice = [label for label in wanted if times.get(label) != 1]
        expected, found = digests(alone), digests(out)
        odd = sorted(path for path in expected | found if expected.get(path) != found.get(path))
        invalid = validator_errors(out)
        kinds = Counter(chain.from_iterable(answers(out).values()))
    print(f"{options.runs} runs in {seconds:.0f} s, exit codes {sorted(codes)}")
    print(f"{len(wanted)} subjects, each wanted by {min(wanted.values())} to {max(wanted.values())} runs")
    for kind, number in kinds.most_common():
        print(f"  {number:3d}  {kind}")
    print(f"lost: {lost or 0}; not done exactly once: {twice or 0}; validator errors: {invalid or 0}")
    print(f"{len(found)} files, other bytes than a single run's: {odd or 0}")
    return 1 if lost or odd or invalid or (twice and not options.work_folders) else 0


if __name__ == "__main__":
    sys.exit(main())
