"""Whether the frames of resting BOLD are enough, and what is done with them before they are realigned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.frames import Frames

FEWEST_FRAMES = 34
"""A shorter image is refused: the band-pass (Butterworth, order 5, both ways) pads 33 frames at each end."""
FEWEST_LEFT = 10
"""Frames without motion; the confounds of motion and tissues alone are eight."""
SHORTEST = 12.5
"""Seconds below which an image holds no period of any signal that ALFF looks at (up to 0.08 Hz)."""
_LOOKED_AT = 50
_OUTLIER = 3.5  # robust z, Iglewicz and Hoaglin 1993


def repetition_time(metadata: dict[str, object], frames: int) -> float:
    """Give the seconds between frames.

    Raises
    ------
    BadDataError
        ``RepetitionTime`` is missing or no number of seconds, or the image is too short.
    """
    if frames < FEWEST_FRAMES:
        raise BadDataError(
            f"it has {frames} frames, too few for signals at rest (at least {FEWEST_FRAMES}); leave it out."
        )
    value = metadata.get("RepetitionTime")
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0.1 <= value <= 20:
        raise BadDataError(
            f"RepetitionTime is {'missing' if value is None else repr(value)[:40]}; give the seconds between "
            "frames in its sidecar."
        )
    return float(value)


def check_kept(kept: NDArray[np.bool_], limit: float) -> None:
    """Refuse an image of which too little is left without motion.

    Parameters
    ----------
    kept
        Shape ``(t,)``.
    limit
        Millimetres of framewise displacement, for the message.

    Raises
    ------
    BadDataError
        Hardly any frame is left, or those that are lie closer together than the filter can do with.
    """
    left = np.flatnonzero(kept)
    if left.size < FEWEST_LEFT:
        raise BadDataError(
            f"only {left.size} of {kept.size} frames are without motion above {limit:g} mm; leave it out."
        )
    span = int(left[-1] - left[0]) + 1  # the filter sees what lies between them
    if span < FEWEST_FRAMES:
        raise BadDataError(
            f"all frames without motion above {limit:g} mm lie within {span} frames, too few to filter (at "
            f"least {FEWEST_FRAMES}); leave it out."
        )


def count_non_steady(frames: Frames) -> int:
    """Count the first frames that are brighter than the rest: magnetisation is not steady yet.

    As fMRIPrep (nipype ``NonSteadyStateDetector``): outliers of the mean over the image at its beginning.
    """
    means = frames.data.mean(axis=(0, 1, 2), dtype=np.float64)[:_LOOKED_AT]
    middle = np.median(means)
    spread = np.median(np.abs(means - middle))
    if spread == 0:
        return 0
    outlying = 0.6745 * (means - middle) / spread > _OUTLIER
    return int(np.argmin(outlying)) if not outlying.all() else 0


def correct_slice_timing(
    frames: Frames, timing: Sequence[float], repetition: float, *, axis: int = 2
) -> Frames:
    """Shift each slice in time, by cubic splines, to the middle of the repetition.

    Parameters
    ----------
    frames
        As stored, before any axis is flipped.
    timing
        ``SliceTiming`` of the sidecar: seconds after the begin of the frame, for each slice.
    repetition
        Seconds between frames.
    axis
        Of the slices (``SliceEncodingDirection``: i, j, k are 0, 1, 2).

    Raises
    ------
    BadDataError
        There are not as many times as slices, or they do not lie within the repetition.
    """
    from scipy.interpolate import CubicSpline

    if not all(isinstance(time, int | float) for time in timing):
        raise BadDataError("SliceTiming must hold seconds; correct its sidecar.")
    offsets = np.asarray(timing, dtype=np.float64)
    slices = frames.data.shape[axis]
    if offsets.shape != (slices,):
        raise BadDataError(
            f"SliceTiming has {offsets.size} entries for {slices} slices; correct its sidecar."
        )
    if not np.isfinite(offsets).all() or offsets.min() < 0 or offsets.max() > repetition:
        raise BadDataError(
            f"SliceTiming must lie between 0 and RepetitionTime ({repetition:g} s); it may be in "
            "milliseconds: correct its sidecar."
        )
    starts = np.arange(len(frames)) * repetition
    data = np.moveaxis(frames.data.copy(), axis, 0)
    for index, offset in enumerate(offsets):
        wanted = np.clip(starts + repetition / 2, starts[0] + offset, starts[-1] + offset)
        data[index] = CubicSpline(starts + offset, data[index], axis=2)(wanted)
    return frames.with_data(np.moveaxis(data, 0, axis))


def slice_axis(metadata: dict[str, object]) -> int:
    """Give the axis of the slices, as ``SliceEncodingDirection`` says (k where it says nothing).

    Raises
    ------
    BadDataError
        It is no axis.
    """
    direction = str(metadata.get("SliceEncodingDirection", "k"))
    if direction not in {"i", "j", "k", "i-", "j-", "k-"}:
        raise BadDataError("SliceEncodingDirection is none of i, j, k, i-, j- and k-; correct its sidecar.")
    return "ijk".index(direction[0])


def slice_order(timing: Sequence[float], metadata: dict[str, object]) -> list[float]:
    """Give the times from the first slice of the file on: a direction of ``k-`` counts from the last one."""
    direction = str(metadata.get("SliceEncodingDirection", "k"))
    return list(reversed(timing)) if direction.endswith("-") else list(timing)


def temporal_snr(signals: NDArray[np.floating]) -> float:
    """Give the median over voxels of mean over standard deviation in time; ``signals`` is ``(t, voxels)``."""
    from scipy.signal import detrend

    values = signals.astype(np.float64)
    spread = detrend(values, axis=0).std(axis=0, ddof=1)
    usable = spread > 0
    return float(np.median(values.mean(axis=0)[usable] / spread[usable])) if usable.any() else float("nan")
