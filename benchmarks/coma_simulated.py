"""Simulated coma patients as the models of the coma analysis see them, for the benchmarks of coma.

SIMULATED: they show no person, and nothing measured on them is a claim about patients.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.simulated import as_patient
from bidsapp.bids.cohort import read_cohort
from bidsapp.images.volume import Volume, read_volume
from bidsapp.simulate.coma.head import Head, as_head, average_head, with_uptake
from bidsapp.simulate.coma.network import Network
from bidsapp.simulate.coma.patient import Truth, simulate_cohort
from bidsapp.simulate.coma.study import Study

FDG = Path("pet-templates") / "FDG_ChineseHC116.nii.gz"


@dataclass(frozen=True, eq=False)
class Simulated:
    """Patients with their labels, shape (patients,), and the truth of each."""

    patients: tuple[Patient, ...]
    crsr: NDArray[np.float64]
    truths: tuple[Truth, ...]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where healthy heads come from."""
    parser.add_argument("--derivatives", type=Path, help="healthy people's; without it the average head")
    parser.add_argument("--heads", type=int, default=40, help="how many of them")
    parser.add_argument("--voxel-size", type=float, default=4.0, help="mm")


def healthy_heads(options: argparse.Namespace) -> list[Head]:
    """Give heads of healthy people, or the average one, with real FDG uptake where it is at hand."""
    fdg = fdg_template()
    if options.derivatives is None:
        head = average_head(options.voxel_size)
        return [head if fdg is None else with_uptake(head, fdg)]
    members = read_cohort([options.derivatives]).members[: options.heads]
    return [
        as_head(
            {key: read_volume(member.standard[key]) for key in ("T1w", "GM", "WM")},
            fdg=fdg,
            voxel_mm=options.voxel_size,
        )
        for member in members
    ]


def fdg_template() -> Volume | None:
    """Read the average FDG uptake of healthy adults where ``BIDSAPP_REALDATA`` is set."""
    folder = os.environ.get("BIDSAPP_REALDATA")
    return read_volume(Path(folder) / FDG) if folder else None


def simulate(
    count: int,
    heads: Sequence[Head],
    study: Study,
    *,
    network: Network | None = None,
    volumes: bool = True,
) -> Simulated:
    """Simulate patients; without ``volumes`` only the means of regions are kept of the images."""
    patients: list[Patient] = []
    labels: list[int] = []
    truths: list[Truth] = []
    for number, item in enumerate(simulate_cohort(count, heads, study, network=network)):
        patients.append(as_patient(item, heads[number % len(heads)], volumes=volumes))
        labels.append(item.crsr)
        truths.append(item.truth)
    return Simulated(tuple(patients), np.array(labels, dtype=np.float64), tuple(truths))
