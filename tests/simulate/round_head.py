"""A round head of known tissues, and abnormalities in it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from bidsapp.simulate.abnormal import Abnormal, abnormal

Head = dict[str, np.ndarray]
VOXEL = 2.0
SHAPE = (44, 44, 44)
SIGNAL = {"T1w": (0.75, 1.0, 0.3), "FLAIR": (0.9, 0.7, 0.2), "T2w": (0.8, 0.6, 1.2)}
SIZES = {"blur": 20, "hyperintensity": 16, "nigral": 7, "striatal": 7}


def round_head() -> Head:
    """A ball of a head: ventricle, white matter, 4 mm of cortex and fluid around, with noise."""
    axes = np.ogrid[tuple(slice(size) for size in SHAPE)]
    radius = VOXEL * np.sqrt(sum((axis - 21.5) ** 2 for axis in axes))
    share = lambda limit: np.clip((limit - radius) / VOXEL + 0.5, 0, 1).astype(np.float32)  # noqa: E731
    volumes = {
        "WM": share(34) - share(10),
        "GM": share(38) - share(34),
        "CSF": share(10) + share(41) - share(38),
        "mask": (radius < 41).astype(np.float32),
    }
    rng = np.random.default_rng(0)
    for name, (grey, white, fluid) in SIGNAL.items():
        noise = 0.01 * rng.standard_normal(SHAPE, dtype=np.float32)
        clean = grey * volumes["GM"] + white * volumes["WM"] + fluid * volumes["CSF"]
        volumes[name] = (clean + noise).astype(np.float32)
    volumes["pet"] = ndimage.gaussian_filter(volumes["GM"] + np.float32(0.25) * volumes["WM"], 1.3)
    return volumes


def two_nuclei() -> np.ndarray:
    """Two small bodies beside the middle, as the substantia nigra lies."""
    axes = np.ogrid[tuple(slice(size) for size in SHAPE)]
    first, second, third = axes
    return (np.abs(np.abs(first - 21.5) - 9) < 3) & (np.abs(second - 20) < 6) & (np.abs(third - 21.5) < 3)


def make(
    kind: str, head: Head, nuclei: np.ndarray, strength: float, seed: int = 3, **given: object
) -> Abnormal:
    region = nuclei if kind in ("nigral", "striatal") else None
    arguments = {"size_mm": SIZES.get(kind, 14), "voxel_size": VOXEL, "region": region, **given}
    return abnormal(kind, head, strength=strength, rng=np.random.default_rng(seed), **arguments)
