"""Lesions of real patients left out: overlap, single lesions, load; subsets of contrasts; worse images.

    python benchmarks/ms_lesions.py --patients OUT --masks MANUAL --bundle BUNDLE --cache FOLDER [--out FILE]
        [--subsets] [--degrade]

OUT is openms-mni as preprocessed by the app, MANUAL its consensus masks. Each patient is read by the network
of the fold that left it out (``left out``) and by the one that saw simulated patients alone (``base``),
beside two simple ways: FLAIR above a threshold, the best one for this very patient (``FLAIR oracle``: nobody
could know it), and bright FLAIR near white matter (``classical``, :mod:`bidsapp.images.hyperintense`).
Temperature, threshold and kappa are those that suit the other patients, with all contrasts; subsets and
worse images are read with the same.

Worse images: all contrasts are degraded alike, after preprocessing; thickness (mm) along the long axis of
the body, noise as a share of white matter, ``ghost`` the weight of ghosts of motion, ``gamma`` a power of
the grey values. Two patients: each is printed, and no interval is given. nDSC depends on the field of view,
which is the box around the brain.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from anomaly_fitting import table
from ms_networks import BASE, Networks
from ms_patients import (
    Array,
    Case,
    Mask,
    Setting,
    add_options,
    add_patients,
    agreement,
    chosen_on_others,
    read_cases,
    write_rows,
)
from ms_simple import classical, flair_oracle

from bidsapp.explain.shapley import subsets
from bidsapp.simulate.sclerosis.acquisition import Degradation, scan

OURS = "left out"
WORSE = (
    *(("thickness", value) for value in (2.0, 3.0, 4.0, 5.0)),
    *(("noise", value) for value in (0.02, 0.04, 0.06, 0.08, 0.12)),
    *(("ghost", value) for value in (0.05, 0.1, 0.2, 0.3)),
    *(("gamma", value) for value in (0.6, 0.8, 1.25, 1.6)),
)
HEAD = ("patient", "Dice", "nDSC", "F1 Anima", "F1 Shifts", "F1 ISBI", "ml", "error ml", "at")


@dataclass(frozen=True)
class Row:
    """How well one mask agrees with the manual one; volumes in ml, ``at`` is the threshold."""

    method: str
    contrasts: str
    degraded: str
    patient: str
    dice: float
    ndsc: float
    anima: float
    shifts: float
    isbi: float
    true_ml: float
    error_ml: float
    at: str


def row(case: Case, found: Mask, at: str, method: str, *, contrasts: str = "", degraded: str = "") -> Row:
    """Compare a mask with the manual one."""
    seen = agreement(case, found)
    return Row(
        method=method,
        contrasts=contrasts or "+".join(case.images),
        degraded=degraded,
        patient=case.subject,
        dice=seen.dice,
        ndsc=seen.ndsc,
        anima=seen.anima.f1,
        shifts=seen.shifts.f1,
        isbi=seen.isbi.f1,
        true_ml=float(case.lesion.sum()) / 1000,
        error_ml=seen.volume.millilitres,
        at=at,
    )


def by_network(
    cases: Sequence[Case], networks: Networks, method: str
) -> tuple[list[Row], dict[str, Setting]]:
    """Read each patient with all contrasts, by a network that has not learned from it."""
    logits = {}
    for case in cases:
        name = BASE if method == BASE else networks.without(case.subject)
        logits[case.subject] = networks.read(name, case.subject, case.images, case.brain).lesion
    settings = chosen_on_others(cases, logits)
    rows = []
    for case in cases:
        setting = settings[case.subject]
        rows.append(row(case, setting.mask(logits[case.subject]), setting.said, method))
    return rows, settings


def simple(cases: Sequence[Case]) -> list[Row]:
    """Measure the two simple ways."""
    rows = [row(case, *flair_oracle(case), "FLAIR oracle", contrasts="FLAIR") for case in cases]
    found = classical(cases)
    return [*rows, *(row(case, *found[case.subject], "classical", contrasts="FLAIR+T1w") for case in cases)]


def by_subset(cases: Sequence[Case], networks: Networks, settings: dict[str, Setting]) -> Iterator[Row]:
    """Read each patient with every subset of the contrasts that all have."""
    shared = set.intersection(*(set(case.images) for case in cases))
    for used in subsets(shared):
        for case in cases if used else ():
            name, setting = networks.without(case.subject), settings[case.subject]
            logit = networks.read(name, case.subject, case.images, case.brain, used).lesion
            yield row(case, setting.mask(logit), setting.said, OURS, contrasts="+".join(sorted(used)))


def by_degradation(cases: Sequence[Case], networks: Networks, settings: dict[str, Setting]) -> Iterator[Row]:
    """Read each patient on worse and worse images."""
    for kind, value in WORSE:
        for case in cases:
            images = {name: worsen(image, kind, value) for name, image in case.images.items()}
            name, setting = networks.without(case.subject), settings[case.subject]
            logit = networks.read(name, f"{case.subject}-{kind}-{value:g}", images, case.brain).lesion
            yield row(case, setting.mask(logit), setting.said, OURS, degraded=f"{kind} {value:g}")


def worsen(image: Array, kind: str, value: float) -> Array:
    """Degrade an image (white matter = 1) in one way."""
    if kind == "gamma":
        return np.asarray(np.maximum(image, 0) ** np.float32(value), dtype=np.float32)
    ways = {
        "thickness": Degradation(thickness=(1.0, 1.0, value)),
        "noise": Degradation(noise=value),
        "ghost": Degradation(ghost=value),
    }
    worse = scan(np.random.default_rng(0), torch.from_numpy(np.ascontiguousarray(image)), ways[kind])
    return np.asarray(worse.numpy(), dtype=np.float32)


def show(title: str, first: str, rows: Sequence[Row], key: str) -> None:
    """Print rows as a table."""
    cells = [
        (
            str(getattr(item, key)), item.patient,
            *(f"{value:.3f}" for value in (item.dice, item.ndsc, item.anima, item.shifts, item.isbi)),
            f"{item.true_ml:.1f}", f"{item.error_ml:+.1f}", item.at,
        )
        for item in rows
    ]  # fmt: skip
    print(table(title, (first, *HEAD), cells), flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add_options(parser)
    add_patients(parser)
    parser.add_argument("--subsets", action="store_true", help="every subset of contrasts")
    parser.add_argument("--degrade", action="store_true", help="thick slices, noise, motion, contrast")
    arguments = parser.parse_args()
    cases, networks = read_cases(arguments), Networks(arguments)
    ours, settings = by_network(cases, networks, OURS)
    base = by_network(cases, networks, BASE)[0] if networks.has_base else []
    rows = [*base, *ours, *simple(cases)]
    show("All contrasts, real patients left out", "method", rows, "method")
    subset_rows = list(by_subset(cases, networks, settings)) if arguments.subsets else []
    if subset_rows:
        show("Subsets of contrasts", "contrasts", subset_rows, "contrasts")
    worse: list[Row] = []
    if arguments.degrade:
        worse = [replace(item, degraded="none") for item in ours]
        worse += by_degradation(cases, networks, settings)
        show("Worse images", "degraded", worse, "degraded")
    tables = {"methods": rows, "subsets": subset_rows, "degraded": worse}
    write_rows(arguments.out, **{key: [asdict(item) for item in held] for key, held in tables.items()})


if __name__ == "__main__":
    main()
