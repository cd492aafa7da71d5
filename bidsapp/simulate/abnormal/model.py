"""What every kind of simulated abnormality is given and gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import UsageError
from bidsapp.simulate.fields import Array

Mask = NDArray[np.bool_]
Volumes = Mapping[str, Array]

TISSUES = ("GM", "WM", "CSF")
MRI = ("T1w", "FLAIR", "T2w")
PET = "pet"
IMAGES = (*MRI, PET)


@dataclass(frozen=True, eq=False)
class Abnormal:
    """A head with an abnormality, and what is true of it.

    Attributes
    ----------
    volumes : dict of str to numpy.ndarray
        All the given volumes as float32; those that changed are new arrays.
    fraction : numpy.ndarray
        Share of each voxel that is abnormal, in 0-1, float32. Where it is 0 no volume changed, except
        PET, in which a change spreads as far as the camera's blur.
    mask : numpy.ndarray
        Voxels of which at least half is abnormal.
    description : str
        Begins with "simulated"; kind, size, strength and what the strength means. To be written
        wherever the volumes, or results from them, go.
    """

    volumes: dict[str, Array]
    fraction: Array
    mask: Mask
    description: str


@dataclass(frozen=True, eq=False)
class Request:
    """How large, how strong and where: the arguments that all kinds share.

    ``edges`` are those of a voxel in mm, shape ``(3,)``; the other fields are the arguments of
    :func:`bidsapp.simulate.abnormal.abnormal`.
    """

    size_mm: float
    strength: float
    edges: NDArray[np.float64]
    rng: np.random.Generator
    place: Sequence[float] | None = None
    region: Mask | None = None


@dataclass(frozen=True, eq=False)
class Change:
    """What a kind did: the volumes that changed, the fraction, and the strength in words."""

    volumes: dict[str, Array]
    fraction: Array
    meaning: str


def brain_of(volumes: Volumes) -> Mask:
    """Give the brain mask as boolean array."""
    brain: Mask = volumes["mask"] > 0.5
    return brain


def parenchyma_of(volumes: Volumes) -> Mask:
    """Give the voxels of the brain that are mostly grey or white matter."""
    return brain_of(volumes) & (volumes["GM"] + volumes["WM"] >= 0.5)


def require(volumes: Volumes, *names: str) -> None:
    """Refuse volumes without one of ``names``, in one sentence."""
    missing = [name for name in names if name not in volumes]
    if missing:
        raise UsageError(f"This abnormality needs the volume {missing[0]}; there are {_list(volumes)}.")


def require_mri(volumes: Volumes) -> None:
    """Refuse volumes without any MR image."""
    if not any(name in volumes for name in MRI):
        raise UsageError(f"This abnormality needs one of {', '.join(MRI)}; there are {_list(volumes)}.")


def tell(relative: Mapping[str, float], volumes: Volumes) -> str:
    """Say how the signal of each image that is there changes: ``T1w -30.0%, FLAIR +40.0%``."""
    return ", ".join(f"{name} {change:+.1%}" for name, change in relative.items() if name in volumes)


def _list(volumes: Volumes) -> str:
    return ", ".join(volumes) or "none"
