"""Forward models of the series of a session: what a scanner would record of tissues whose answers are known.

Each gives frames of a head that moves a little, with noise. The answers are the constants of this file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.simulate.person import draw_pose
from bidsapp.simulate.scanner import Grid, acquire

Numbers = NDArray[np.floating]
EXTENT = (192.0, 224.0, 176.0)  # mm
MIDDLE = (0.0, 0.0, 22.0)

DIFFUSIVITIES = np.array([[0.85, 0.85, 0.85], [1.5, 0.4, 0.35], [3.0, 3.0, 3.0]]) * 1e-3
"""Eigenvalues (mm2/s) of grey matter, white matter and fluid; main direction from back to front."""
FLOW = np.array([60.0, 22.0, 0.0])
"""ml/100 g/min of grey matter, white matter and fluid."""
RATE = np.array([0.02, 0.008, 0.0])
"""Trapping per minute over the distribution volume of grey matter, white matter and fluid."""
VOLUME = np.array([1.0, 0.7, 0.1])
"""Distribution volume of the tracer, that of the cerebellum being 1."""
PET_STARTS = np.array([0, 60, 180, 300, 600, 900, 1200, 1500, 1800, 2400, 2700, 3000], dtype=float)
PET_LENGTHS = np.diff(np.r_[PET_STARTS, 3600.0])
PET_FWHM = 6.0
REPETITION, BOLD_FRAMES = 2.0, 150
AMPLITUDE = 0.02  # of the BOLD signals of regions
_PLD, _DURATION, _EFFICIENCY, _T1_BLOOD, _PARTITION = 1.8, 1.8, 0.85, 1.65, 0.9
_PAIRS = 10


@dataclass(frozen=True, eq=False)
class Phantom:
    """A head: fractions of grey matter, white matter, fluid ``(3, x, y, z)``, scalp, regions, RAS affine."""

    tissues: Numbers
    scalp: Numbers
    labels: NDArray[np.int64]
    names: Mapping[int, str]
    affine: NDArray[np.float64]

    @property
    def cerebellum(self) -> NDArray[np.bool_]:
        """Where the tracer is not trapped, shape ``(x, y, z)``."""
        return np.isin(self.labels, [i for i, name in self.names.items() if "Cerebell" in name])

    def mixed(self, values: Numbers, scalp: float = 0.0) -> Numbers:
        """Mix values of the three tissues, shape ``(x, y, z)``."""
        return np.asarray(np.tensordot(values, self.tissues, 1) + scalp * self.scalp, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Recorded:
    """An image of the dataset: name after the subject, data ``(x, y, z[, t])``, sidecar, text files."""

    datatype: str
    name: str
    data: Numbers
    affine: NDArray[np.float64]
    sidecar: dict[str, object]
    texts: Mapping[str, str] = field(default_factory=dict)


def diffusion(head: Phantom, rng: np.random.Generator) -> list[Recorded]:
    """Record 12 directions of b = 1000 s/mm2 and two volumes without, 3 mm, signal over noise 30."""
    directions = np.r_[np.zeros((2, 3)), spread_directions(12)]
    bvals = np.r_[0.0, 0.0, np.full(12, 1000.0)]
    grid = axial_grid(3.0)
    frames = []
    for b, g in zip(bvals, directions, strict=True):
        decay = np.exp(-b * (DIFFUSIVITIES[:, [1, 0, 2]] @ g**2))
        image = head.mixed(np.array([800.0, 700.0, 1500.0]) * decay, 120.0)
        frames.append(rician(sampled(head, image, grid, rng, 0.4), 25.0, rng))
    vectors = (directions * [-1, 1, 1]).T  # FSL mirrors the first axis of a grid that is not radiological
    texts = {"dwi.bval": _row(bvals), "dwi.bvec": "".join(_row(axis) for axis in vectors)}
    sidecar = {"EchoTime": 0.08, "RepetitionTime": 6.0, "MagneticFieldStrength": 3}
    return [Recorded("dwi", "dwi", np.stack(frames, axis=-1), grid.affine, sidecar, texts)]


def perfusion(head: Phantom, rng: np.random.Generator) -> list[Recorded]:
    """Record 10 pairs of PCASL and a calibration, 3.5 mm, noise 0.5 % of M0 in each volume."""
    grid = axial_grid(3.5)
    m0 = np.array([1000.0, 800.0, 1200.0])
    blood = _T1_BLOOD * (1 - np.exp(-_DURATION / _T1_BLOOD)) * np.exp(-_PLD / _T1_BLOOD)
    label = m0 * (1 - 2 * _EFFICIENCY * FLOW / 6000 / _PARTITION * blood)
    kinds = ["control", "label"] * _PAIRS
    shown = {"control": head.mixed(m0, 150.0), "label": head.mixed(label, 150.0)}
    frames = [rician(sampled(head, shown[kind], grid, rng, 0.2), 5.0, rng) for kind in kinds]
    calibration = rician(sampled(head, shown["control"], grid, rng, 0.2), 5.0, rng)
    common = {"EchoTime": 0.012, "MagneticFieldStrength": 3, "MRAcquisitionType": "3D"}
    sidecar = common | {
        "ArterialSpinLabelingType": "PCASL",
        "PostLabelingDelay": _PLD,
        "LabelingDuration": _DURATION,
        "LabelingEfficiency": _EFFICIENCY,
        "BackgroundSuppression": False,
        "M0Type": "Separate",
        "RepetitionTimePreparation": 8.0,
        "TotalAcquiredPairs": _PAIRS,
    }
    context = {"aslcontext.tsv": "\n".join(["volume_type", *kinds]) + "\n"}
    m0_sidecar = common | {"RepetitionTimePreparation": 8.0}
    return [
        Recorded("perf", "asl", np.stack(frames, axis=-1), grid.affine, sidecar, context),
        Recorded("perf", "m0scan", calibration, grid.affine, m0_sidecar),
    ]


def bold_signals(regions: int, rng: np.random.Generator) -> Numbers:
    """Draw independent signals of 0.01 to 0.08 Hz, unit variance, shape ``(150, regions)``."""
    spectrum = np.fft.rfft(rng.standard_normal((BOLD_FRAMES, regions)), axis=0)
    frequency = np.fft.rfftfreq(BOLD_FRAMES, REPETITION)
    spectrum[(frequency < 0.01) | (frequency > 0.08)] = 0
    signals = np.fft.irfft(spectrum, BOLD_FRAMES, axis=0)
    return np.asarray(signals / signals.std(axis=0))


def bold(head: Phantom, rng: np.random.Generator) -> list[Recorded]:
    """Record 150 frames of 4 mm: regions with own signals, 1 % of noise, a head that hardly moves."""
    known = sorted(head.names)
    table = np.zeros((BOLD_FRAMES, max(known) + 1), dtype=np.float32)
    table[:, known] = AMPLITUDE * bold_signals(len(known), rng)
    grid = axial_grid(4.0)
    base = head.mixed(np.array([900.0, 700.0, 1200.0]), 200.0)
    grey = head.tissues[0] * head.labels.astype(bool)
    frames = [
        rician(sampled(head, base * (1 + grey * row[head.labels]), grid, rng, 0.02), 8.0, rng)
        for row in table
    ]
    sidecar = {"RepetitionTime": REPETITION, "TaskName": "rest", "EchoTime": 0.03, "MagneticFieldStrength": 3}
    return [Recorded("func", "task-rest_bold", np.stack(frames, axis=-1), grid.affine, dict(sidecar))]


def uptake(head: Phantom, minutes: float) -> Numbers:
    """Give activity (cerebellum 1) at a time, as a camera with a point spread of 6 mm shows it."""
    true = head.mixed(VOLUME * (1 + RATE * minutes), 0.2)
    true = np.where(head.cerebellum, np.float32(1.0), true)
    return np.asarray(ndimage.gaussian_filter(true, PET_FWHM / 2.3548 / abs(head.affine[0, 0])))


def pet(head: Phantom, rng: np.random.Generator) -> list[Recorded]:
    """Record 12 frames of FDG over an hour, 4 mm, smooth noise of 3 %."""
    from bidsapp.simulate.sample import load_metadata

    grid = axial_grid(4.0)
    frames = []
    for start, length in zip(PET_STARTS, PET_LENGTHS, strict=True):
        image = 10_000 * sampled(head, uptake(head, (start + length / 2) / 60), grid, rng, 0.3)
        noise = ndimage.gaussian_filter(rng.standard_normal(image.shape), 0.7)
        frames.append(np.maximum(image * (1 + 0.03 * noise / noise.std()), 0))
    timing = {"FrameTimesStart": PET_STARTS.tolist(), "FrameDuration": PET_LENGTHS.tolist(), "ScanStart": 0}
    packaged = load_metadata()["images"]["pet"]
    sidecar = {**dict(packaged), **timing, "AcquisitionMode": "dynamic", "InjectedRadioactivity": 185.0}  # type: ignore[call-overload]
    return [Recorded("pet", "trc-18FFDG_pet", np.stack(frames, axis=-1), grid.affine, sidecar)]


SERIES: Mapping[str, Callable[[Phantom, np.random.Generator], list[Recorded]]] = {
    "dwi": diffusion,
    "asl": perfusion,
    "bold": bold,
    "pet": pet,
}


def sampled(head: Phantom, image: Numbers, grid: Grid, rng: np.random.Generator, amount: float) -> Numbers:
    """Record an image on a grid, of a head that moved by ``amount`` degrees and mm (standard deviations)."""
    pose = draw_pose(rng, degrees=amount, mm=amount)
    moved = np.eye(4)
    moved[:3, :3], moved[:3, 3] = pose.rotation, pose.shift
    edge = float(grid.affine[0, 0]) / abs(head.affine[0, 0])
    soft = ndimage.gaussian_filter(image, 0.35 * np.sqrt(edge**2 - 1), truncate=3)
    return acquire(soft, head.affine, Grid(grid.shape, moved @ grid.affine))


def rician(image: Numbers, noise: float, rng: np.random.Generator) -> Numbers:
    """Add noise of both channels to a magnitude."""
    real = image + noise * rng.standard_normal(image.shape)
    return np.asarray(np.hypot(real, noise * rng.standard_normal(image.shape)), dtype=np.float32)


def axial_grid(edge: float) -> Grid:
    """Give axial slices of cubic voxels over the head."""
    x, y, z = (round(extent / edge) for extent in EXTENT)
    affine = np.diag([edge, edge, edge, 1.0])
    affine[:3, 3] = np.array(MIDDLE) - edge * (np.array([x, y, z]) - 1) / 2
    return Grid((x, y, z), affine)


def spread_directions(count: int) -> Numbers:
    """Spread unit vectors over a hemisphere along a spiral, shape ``(count, 3)``."""
    z = (np.arange(count) + 0.5) / count
    angle = np.pi * (1 + np.sqrt(5)) * np.arange(count)
    flat = np.sqrt(1 - z**2)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=1)


def _row(values: Numbers) -> str:
    return " ".join(f"{value:.6g}" for value in values) + "\n"
