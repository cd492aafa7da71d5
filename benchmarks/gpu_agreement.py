"""The same subject on the CPU and on a GPU: every map that the app writes, compared.

    python benchmarks/gpu_agreement.py BIDS_DIR WORK_FOLDER [--device cuda] [options of bidsapp]

Each map is a row: the largest difference, and what is held against the tolerance. Of a mask or of labels
that is the Dice overlap (of the label that agrees least), at least 0.99. Of any other map it is the share of
voxels that differ by more than 2 % of the map's range (1st to 99th percentile), at most 0.1 %: bfloat16 keeps
8 bits, so that single voxels at a border may fall on the other side.

Ends with 0 if all maps agree, 1 if one does not, and 69 where there is no GPU to compare with.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import ExitCode, UnavailableError
from bidsapp.images.volume import read_volume
from bidsapp.workflows.device import resolve_device

DICE = 0.99
FAR, FAR_SHARE = 0.02, 0.001
LABELS = ("mask", "dseg")
NOTHING = 1e9
"""Stands for not a number, which agrees with itself alone."""


@dataclass(frozen=True)
class Row:
    """How one map differs: its largest difference, the figure held against the tolerance, and the verdict."""

    name: str
    largest: float
    figure: float
    meaning: str
    agrees: bool


def compare(cpu: Path, gpu: Path) -> list[Row]:
    """Compare every image of two output folders.

    Raises
    ------
    FileNotFoundError
        One of them lacks an image that the other has, or both have none.
    """
    names = [sorted(path.relative_to(out) for path in out.glob("sub-*/**/*.nii.gz")) for out in (cpu, gpu)]
    if not names[0] or names[0] != names[1]:
        raise FileNotFoundError(f"{cpu} and {gpu} do not hold the same images")
    return [
        compare_map(name.as_posix(), *(read_volume(out / name).data for out in (cpu, gpu)))
        for name in names[0]
    ]


def compare_map(name: str, first: NDArray[np.float32], second: NDArray[np.float32]) -> Row:
    """Compare one map; the end of its name tells what it is."""
    if first.shape != second.shape:
        return Row(name, np.inf, np.inf, "another grid", agrees=False)
    first, second = (np.nan_to_num(each, nan=NOTHING) for each in (first, second))
    difference = np.abs(first - second)
    if name.endswith(tuple(f"_{suffix}.nii.gz" for suffix in LABELS)):
        worst = min((_dice(first == label, second == label) for label in _labels(first, second)), default=1.0)
        return Row(name, float(difference.max()), worst, "Dice", agrees=worst >= DICE)
    low, high = np.percentile(first[first < NOTHING], (1, 99)) if (first < NOTHING).any() else (0, 0)
    far = float((difference > FAR * max(high - low, 1e-6)).mean())
    return Row(name, float(difference.max()), far, f"beyond {FAR:.0%}", agrees=far <= FAR_SHARE)


def _labels(*maps: NDArray[np.float32]) -> list[float]:
    return [float(label) for label in np.unique(np.stack(maps)) if label]


def _dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    return 2 * float((first & second).sum()) / float(first.sum() + second.sum())


def run(bids: Path, out: Path, device: str, words: Sequence[str]) -> None:
    """Run the participant level on a device."""
    call = [sys.executable, "-m", "bidsapp.cli.main", str(bids), str(out), "participant", "--device", device]
    subprocess.run([*call, *words], check=True)


def main() -> int:
    """Run both, print a row for each map, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bids_dir", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--device", default="cuda")
    known, words = parser.parse_known_args()
    try:
        devices = resolve_device(known.device)
    except UnavailableError as error:
        print(f"Nothing was compared: {error}")
        return ExitCode.UNAVAILABLE
    print("\n".join(devices.said))
    if not devices.gpus:
        print("Nothing was compared: there is no GPU to compare with.")
        return ExitCode.UNAVAILABLE
    folders = {device: known.work / kind for kind, device in (("cpu", "cpu"), ("gpu", known.device))}
    for device, out in folders.items():
        run(known.bids_dir, out, device, words)
    rows = compare(*folders.values())
    print("map\tlargest difference\tfigure\tmeaning\tverdict")
    for row in rows:
        verdict = "agrees" if row.agrees else "differs"
        print(f"{row.name}\t{row.largest:.4g}\t{row.figure:.4g}\t{row.meaning}\t{verdict}")
    return 0 if all(row.agrees for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
