"""Static PET: one image from frames, and uptake relative to a reference region (SUVR)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume

_MINIMUM_VOXELS = 20


@dataclass(frozen=True)
class Suvr:
    """The ratio image, the mean uptake of the reference region, and the number of its voxels."""

    image: Volume
    reference_mean: float
    reference_voxels: int


def static_image(frames: Sequence[Volume], durations: Sequence[float] | None = None) -> Volume:
    """Average frames, each weighted by its duration (equal weights where none are given).

    Parameters
    ----------
    frames
        Volumes of one grid, decay-corrected activity concentration.
    durations
        Seconds (``FrameDuration`` of the sidecar).

    Raises
    ------
    BadDataError
        As many durations as frames are needed, none negative, their sum positive.
    """
    if not frames:
        raise BadDataError("the PET image has no frame.")
    weights = np.ones(len(frames)) if durations is None else np.asarray(durations, dtype=np.float64)
    if weights.shape != (len(frames),):
        raise BadDataError(
            f"FrameDuration has {weights.size} entries for {len(frames)} PET frames; correct it."
        )
    if not np.all(np.isfinite(weights)) or weights.min() < 0 or weights.sum() <= 0:
        raise BadDataError("FrameDuration must hold positive seconds; correct the sidecar of the PET image.")
    total = np.zeros(frames[0].data.shape, dtype=np.float64)
    for frame, weight in zip(frames, weights, strict=True):
        total += frame.data * weight
    return frames[0].with_data(total / weights.sum())


def compute_suvr(pet: Volume, reference: Volume, *, brain: Volume | None = None) -> Suvr:
    """Divide PET by its mean over the reference region.

    Parameters
    ----------
    pet
        Static image.
    reference
        Mask on the same grid (template region warped to the subject), probability above 0.5 counts.
    brain
        Where given, the reference is cut to it, and outside of it the result is 0.

    Voxels of exactly 0 lie outside of the camera's field of view, which often ends within the cerebellum,
    and do not count.

    Raises
    ------
    BadDataError
        Fewer than 20 voxels of the reference are inside, or their mean is not positive.
    """
    region = (reference.data > 0.5) & (pet.data != 0)
    if brain is not None:
        region &= brain.data > 0.5
    count = int(region.sum())
    if count < _MINIMUM_VOXELS:
        raise BadDataError(f"the PET image shows only {count} voxels of the reference region.")
    mean = float(pet.data[region].mean(dtype=np.float64))
    if mean <= 0:
        raise BadDataError("the PET image is not positive in the reference region.")
    ratio = pet.data / mean
    if brain is not None:
        ratio = np.where(brain.data > 0.5, ratio, 0.0)
    return Suvr(pet.with_data(ratio), mean, count)
