"""How far the outputs of simulated sessions are from what was put in, in per cent, and what each step costs.

    python benchmarks/coma_session_answers.py BIDS OUT --seed 0

``BIDS`` was written by ``coma_session.py`` with the same seed, ``OUT`` by ``bidsapp BIDS OUT participant``.
Tissue answers are medians over voxels whose neighbours are of the same tissue. Uptake is compared with what
an ideal camera of the same point spread would show, as no correction for it is made. Signals are compared
by correlation; motion, tissue signals and the band that are taken out cost some of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from coma_session import Person, draw
from coma_session_series import DIFFUSIVITIES, FLOW, REPETITION, Numbers, Phantom, bold_signals, uptake
from scipy import ndimage

from bidsapp.images.grids import resample
from bidsapp.images.volume import Volume, read_volume
from bidsapp.simulate.session import generator

PARTS = ("Thalamus", "PCu", "Cerebral_White_Matter")
LATE_MINUTES = 50.0  # the middle of the last 20 minutes
Row = tuple[str, float, float]


def anisotropy(values: Numbers) -> float:
    """Give FA of three eigenvalues."""
    away = values - values.mean()
    return float(np.sqrt(1.5 * (away**2).sum() / (values**2).sum()))


def found_map(folder: Path, ending: str, head: Phantom) -> Numbers:
    """Read an output in the space of the T1w image, on the grid of the head."""
    (path,) = [path for path in sorted(folder.rglob(f"*_{ending}.nii.gz")) if "space-MNI" not in path.name]
    grid = Volume(head.scalp, head.affine).grid
    return resample(read_volume(path), grid).data


def tissue_rows(folder: Path, head: Phantom) -> Iterator[Row]:
    """Compare FA, ADC and CBF in the middle of the tissues."""
    grey, white = (ndimage.minimum_filter(part, 3) > 0.9 for part in head.tissues[:2])
    fa, adc, cbf = (found_map(folder, name, head) for name in ("FA", "ADC", "cbf"))
    yield "FA, white matter", anisotropy(DIFFUSIVITIES[1]), float(np.median(fa[white]))
    for row, (name, core) in enumerate((("grey", grey), ("white", white))):
        yield (
            f"ADC, {name} matter, um2/ms",
            1e3 * DIFFUSIVITIES[row].mean(),
            1e3 * float(np.median(adc[core])),
        )
        yield f"CBF, {name} matter, ml/100 g/min", FLOW[row], float(np.median(cbf[core]))


def uptake_rows(folder: Path, head: Phantom) -> Iterator[Row]:
    """Compare uptake ratio and Patlak slope in regions."""
    late = uptake(head, LATE_MINUTES)
    slope = (late - uptake(head, 0.0)) / LATE_MINUTES
    for ending, title, true in (
        ("desc-suvr_pet", "SUVR", late),
        ("desc-patlak_pet", "Patlak per min", slope),
    ):
        found = found_map(folder, ending, head)
        for part in PARTS:
            inside = np.isin(head.labels, [index for index, name in head.names.items() if part in name])
            yield f"{title}, {part}", float(np.median(true[inside])), float(np.median(found[inside]))


def signal_correlations(folder: Path, person: Person, seed: int) -> Numbers:
    """Correlate the signals of all regions with those that were put in, at the frames that are left."""
    (path,) = sorted(folder.rglob("*task-rest*desc-preproc_timeseries.tsv"))
    table = pd.read_csv(path, sep="\t")
    known = sorted(person.head.names)
    true = bold_signals(len(known), generator(seed, person.plan.label, "bold"))
    starts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["FrameTimesStart"]
    left = np.rint(np.array(starts) / REPETITION).astype(int)
    columns = {person.head.names[index]: true[left, place] for place, index in enumerate(known)}
    held = [name for name in table if table[name].notna().all()]
    return np.array([np.corrcoef(table[name], columns[name])[0, 1] for name in held])


def step_rows(out: Path, label: str) -> Iterator[str]:
    """Give the CPU seconds and memory of each step, the costliest first."""
    (path,) = sorted((out / "logs" / f"sub-{label}").rglob("status.json"))
    steps = json.loads(path.read_text(encoding="utf-8"))["steps"]
    for step in sorted(steps, key=lambda step: -step["cpu_seconds"]):
        yield f"{step['cpu_seconds']:>9.1f} {step['peak_memory_mb']:>8.0f}  {step['name']}"
    yield f"{sum(step['cpu_seconds'] for step in steps):>9.1f} {'':>8}  all steps"


def report(out: Path, person: Person, seed: int) -> None:
    """Print the tables of one participant."""
    folder = out / f"sub-{person.plan.label}"
    print(f"sub-{person.plan.label}\n{'':<34} {'put in':>8} {'found':>8} {'error %':>8}")
    for rows in (tissue_rows(folder, person.head), uptake_rows(folder, person.head)):
        for name, true, found in rows:
            print(f"{name:<34} {true:>8.4f} {found:>8.4f} {100 * (found / true - 1):>8.1f}")
    middle = np.percentile(signal_correlations(folder, person, seed), [5, 50, 95])
    print(
        f"BOLD signals, correlation with those put in: {middle[1]:.2f} ({middle[0]:.2f} to {middle[2]:.2f})"
    )
    print(f"{'CPU s':>9} {'MB':>8}  step", *step_rows(out, person.plan.label), sep="\n")


def main() -> None:
    """Print the tables of all participants."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path, metavar="BIDS")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for number in range(len(list(options.dataset.glob("sub-*")))):
        report(options.out, draw(number, options.seed), options.seed)


if __name__ == "__main__":
    main()
