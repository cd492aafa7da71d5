"""Simulated coma patients as the models of the coma analysis see them, for the benchmarks of coma.

SIMULATED: they show no person, and nothing measured on them is a claim about patients.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.patient import Patient, Series
from bidsapp.bids.cohort import read_cohort
from bidsapp.images.templates import Region
from bidsapp.images.volume import Volume, read_volume
from bidsapp.simulate.coma.head import Head, as_head, average_head, region_means, with_uptake
from bidsapp.simulate.coma.network import Network
from bidsapp.simulate.coma.patient import SimulatedPatient, Truth, simulate_cohort
from bidsapp.simulate.coma.signals import Signals
from bidsapp.simulate.coma.study import Study

WITHOUT_UNIT = frozenset({"T1w", "T2w", "FLAIR"})
FDG = Path("pet-templates") / "FDG_ChineseHC116.nii.gz"
_FARTHEST = 6.0  # robust standard deviations
_MAD_TO_SD = 1.4826


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


def as_patient(simulated: SimulatedPatient, head: Head, *, volumes: bool = True) -> Patient:
    """Give what models see: images without unit in robust standard deviations, means of regions, signals."""
    names = {region.name: region_name(region) for region in head.regions}
    images = {
        key: scaled(image, head.brain) if key in WITHOUT_UNIT else image
        for key, image in simulated.volumes.items()
    }
    return Patient(
        subject=simulated.subject,
        volumes=images if volumes else {},
        series={key: as_series(signals, names) for key, signals in simulated.series.items()},
        regions={
            key: {names[name]: mean for name, mean in region_means(head, image).items()}
            for key, image in images.items()
        },
        clinical=simulated.clinical,
    )


def as_series(signals: Signals, names: Mapping[str, str]) -> Series:
    """Give signals with the names of regions that the analysis uses."""
    return Series(
        regions=tuple(names[name] for name in signals.regions),
        values=signals.values,
        times=signals.times,
        durations=signals.durations,
    )


def region_name(region: Region) -> str:
    """Give ``left Thalamus Proper`` of ``Left_Thalamus_Proper``."""
    words = region.name.removeprefix("Right_").removeprefix("Left_").replace("_", " ")
    return words if region.side == "none" else f"{region.side} {words}"


def scaled(image: NDArray[np.float32], brain: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Put an image on one scale: robust standard deviations around the median of the brain."""
    values = image[brain]
    median = np.median(values)
    spread = _MAD_TO_SD * np.median(np.abs(values - median))
    deviations = np.clip((image - median) / spread, -_FARTHEST, _FARTHEST)
    return np.asarray(np.where(brain, deviations, 0), dtype=np.float32)
