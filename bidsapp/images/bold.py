"""Resting BOLD from raw frames to cleaned signals: the order of the steps, and what is decided on the way.

The order is that of fMRIPrep and XCP-D: frames before the steady state go, slices are brought to one time,
frames to one place; then drift, motion, white matter, fluid and the outer bands go in one regression.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.bold_frames import (
    FEWEST_FRAMES,
    SHORTEST,
    check_kept,
    correct_slice_timing,
    count_non_steady,
    repetition_time,
    slice_axis,
    slice_order,
)
from bidsapp.images.denoise import clean_signals, nuisance_signal
from bidsapp.images.frames import Frames
from bidsapp.images.motion import (
    STILL,
    expand_24,
    framewise_displacement,
    kept_frames,
    motion_parameters,
    moving,
)
from bidsapp.images.realign import estimate_motion, resample_frames
from bidsapp.images.volume import Volume

SCRUB = 0.5
"""Millimetres of framewise displacement beyond which a frame is left out (Power 2012)."""
FEW = 30
"""Frames left, below which the report warns."""
_RIGID = 6  # parameters of a rigid motion
_RICH = 100  # frames from which on 24 parameters of motion leave enough degrees of freedom


@dataclass(frozen=True, eq=False)
class Realigned:
    """Frames in one place, axes closest to RAS.

    Attributes
    ----------
    frames
        Resampled onto their mean.
    parameters
        Shape ``(t, 6)``, of :func:`bidsapp.images.motion.motion_parameters`.
    repetition
        Seconds between frames.
    dropped
        Number of first frames that were not steady.
    notes
        What was done and assumed.
    """

    frames: Frames
    parameters: NDArray[np.float64]
    repetition: float
    dropped: int
    notes: tuple[str, ...]

    @property
    def displacement(self) -> NDArray[np.float64]:
        """Framewise displacement, shape ``(t,)``, millimetres."""
        return framewise_displacement(self.parameters)


@dataclass(frozen=True, eq=False)
class Cleaned:
    """Signals of the voxels of a mask, in the order of ``array[mask]``.

    Attributes
    ----------
    unfiltered
        Shape ``(t, voxels)``: drift and confounds regressed.
    filtered
        Shape ``(kept frames, voxels)``: band-passed too.
    kept
        Shape ``(t,)``.
    notes
        What was decided.
    """

    unfiltered: NDArray[np.float64]
    filtered: NDArray[np.float64]
    kept: NDArray[np.bool_]
    notes: tuple[str, ...]


def realign_bold(volumes: Sequence[Volume], metadata: dict[str, object]) -> Realigned:
    """Drop unsteady frames, bring slices to one time where it is known, and frames to one place.

    Parameters
    ----------
    volumes
        Raw frames, axes as stored.
    metadata
        The sidecar: ``RepetitionTime``, and ``SliceTiming`` if it is known.

    Raises
    ------
    BadDataError
        The image is too short, or its timing is missing or cannot be.
    """
    repetition = repetition_time(metadata, len(volumes))
    frames = Frames.stack(volumes)
    dropped = count_non_steady(frames)
    left = len(frames) - dropped
    if left < FEWEST_FRAMES or left * repetition < SHORTEST:
        raise BadDataError(
            f"{left} of its {len(frames)} frames are steady, {left * repetition:g} s, which is too short for "
            "signals at rest; leave it out."
        )
    notes = [f"the first {dropped} frames were left out: magnetisation was not steady"] if dropped else []
    frames = frames.with_data(frames.data[..., dropped:])
    timing = metadata.get("SliceTiming")
    if isinstance(timing, list):
        offsets = slice_order(timing, metadata)
        frames = correct_slice_timing(frames, offsets, repetition, axis=slice_axis(metadata))
    else:
        notes.append("slice timing is not known and was not corrected")
    frames = frames.to_closest_ras()
    reference = frames.mean()
    mask = signal_mask(reference)
    matrices = estimate_motion(frames, reference, mask)
    inside = np.argwhere(mask.data > 0.5).mean(axis=0)
    centre = frames.affine[:3, :3] @ inside + frames.affine[:3, 3]
    parameters = motion_parameters(matrices, centre)
    return Realigned(resample_frames(frames, matrices), parameters, repetition, dropped, tuple(notes))


def signal_mask(mean: Volume) -> Volume:
    """Tell the head from the air in a mean image: above a fifth of its brightest part, largest piece."""
    from scipy import ndimage

    bright = mean.data > 0.2 * np.percentile(mean.data, 98)
    pieces, count = ndimage.label(bright)
    if count == 0:
        raise BadDataError("it shows nothing brighter than its background; exclude it or export it again.")
    largest = int(np.argmax(np.bincount(pieces.ravel())[1:])) + 1
    return mean.with_data(ndimage.binary_fill_holes(pieces == largest))


def clean_bold(
    realigned: Realigned,
    mask: NDArray[np.bool_],
    white: NDArray[np.floating],
    fluid: NDArray[np.floating],
    *,
    scrub: float | None = SCRUB,
) -> Cleaned:
    """Regress confounds, leave out frames of motion, filter.

    Parameters
    ----------
    realigned
        Of :func:`realign_bold`.
    mask
        Shape ``(x, y, z)``: the brain.
    white, fluid
        Shape ``(x, y, z)``, probabilities.
    scrub
        Millimetres of framewise displacement; ``None`` keeps all frames.

    Raises
    ------
    BadDataError
        Hardly any frame is without motion, or those that are lie too close together.
    """
    signals = realigned.frames.data[mask].T
    kept = np.ones(len(signals), dtype=bool)
    if scrub is not None:
        kept = kept_frames(realigned.displacement, scrub)
        check_kept(kept, scrub)
    left = int(kept.sum())
    rich = left >= _RICH
    moved = moving(realigned.parameters)
    parameters = realigned.parameters[:, moved]
    motion = expand_24(parameters) if rich else parameters
    tissues = [nuisance_signal(signals, part[mask]) for part in (white, fluid)]
    confounds = np.concatenate([motion, *tissues], axis=1)
    repetition = realigned.repetition
    unfiltered = clean_signals(signals, repetition, confounds=confounds, band=None)
    filtered = clean_signals(signals, repetition, confounds=confounds, kept=kept)
    return Cleaned(unfiltered, filtered, kept, tuple(_decisions(left, int(moved.sum()), rich=rich)))


def _decisions(left: int, moved: int, *, rich: bool) -> Iterator[str]:
    if left < FEW:
        yield f"only {left} frames are left; correlations of so few are not to be trusted"
    if moved < _RIGID:
        yield (
            f"{_RIGID - moved} of {_RIGID} parameters of motion vary by less than {STILL:g} mm, which cannot "
            "be told from activity; they were not regressed"
        )
    if moved and not rich:
        yield f"{moved} instead of {4 * moved} parameters of motion were regressed, as {left} frames are left"
