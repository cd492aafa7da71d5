"""The simulated lesions of the anomaly benchmarks: every kind, size and strength comes equally often."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from anomaly_methods import Heads, Volumes
from numpy.typing import NDArray

from bidsapp.errors import UsageError
from bidsapp.images.grids import resample
from bidsapp.images.volume import read_volume
from bidsapp.simulate.abnormal import Abnormal, abnormal, implant_shape

DATA = Path(os.environ.get("BIDSAPP_REALDATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SIZES_MM = (14.0, 24.0)
STRENGTHS: Mapping[str, tuple[float, float]] = {
    "blur": (0.5, 1.0),
    "thickening": (0.5, 1.0),
    "hyperintensity": (0.4, 0.8),
    "atrophy": (0.3, 0.7),
    "spot": (0.15, 0.3),
    "stroke shape": (0.15, 0.3),
}
PLAN = [
    (kind, size, strength)
    for size in SIZES_MM
    for kind, strengths in STRENGTHS.items()
    for strength in strengths
]
STROKE_ML = {14.0: (1.0, 3.0), 24.0: (5.0, 12.0)}
_TRIES = 20
_STRIDE = 7  # heads get unlike lesions; it has no factor in common with the plan's length


@dataclass(frozen=True, eq=False)
class Implanted:
    """A head with a lesion: its volumes on the analysed voxels, and the lesion on the grid.

    ``size_mm`` of a stroke's shape stands for 1 to 3 or 5 to 12 ml.
    """

    kind: str
    size_mm: float
    strength: float
    volumes: Volumes
    mask: NDArray[np.bool_]


def implants(heads: Heads, index: int, count: int, seed: int) -> Iterator[Implanted]:
    """Give a head with one lesion at a time; no two kinds of the plan are repeated before all were there."""
    volumes = {key: heads.space.scatter(values) for key, values in heads.volumes[index].items()}
    edges = heads.space.grid.voxel_size.tolist()
    for number in range(index * count, (index + 1) * count):
        kind, size, strength = PLAN[number * _STRIDE % len(PLAN)]
        made = _implant(kind, size, strength, volumes, heads, edges, np.random.default_rng([seed, number]))
        changed = {key: heads.space.gather(made.volumes[key]) for key in volumes}
        yield Implanted(kind, size, strength, changed, made.mask & heads.space.mask)


def _implant(
    kind: str,
    size: float,
    strength: float,
    volumes: Mapping[str, NDArray[np.float32]],
    heads: Heads,
    edges: list[float],
    rng: np.random.Generator,
) -> Abnormal:
    for _ in range(_TRIES):
        try:
            if kind == "stroke shape":
                shape = _stroke(size, heads, rng)
                return implant_shape(
                    volumes, shape, contrasts={"T1w": -strength}, voxel_size=edges, name="stroke"
                )
            return abnormal(kind, volumes, size_mm=size, strength=strength, voxel_size=edges, rng=rng)
        except UsageError:
            continue  # this place or shape does not fit into this head: draw another
    raise UsageError(f"No place for {kind} of {size:g} mm was found in {_TRIES} draws.")


def _stroke(size: float, heads: Heads, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a real stroke mask of the wanted volume, on the grid of the heads."""
    paths = sorted((DATA / "soop").glob("*_mask.nii.gz"))
    if not paths:
        raise FileNotFoundError(f"The stroke masks are not in {DATA / 'soop'}; set BIDSAPP_REALDATA.")
    low, high = STROKE_ML[size]
    for _ in range(10 * _TRIES):
        mask = resample(
            read_volume(paths[rng.integers(len(paths))]), heads.space.grid, interpolation="nearest"
        )
        if low <= float((mask.data > 0.5).sum()) * heads.space.voxel_volume <= high:
            return mask.data
    raise UsageError(f"No stroke of {low:g} to {high:g} ml was found.")
