"""Dynamic PET from raw frames to frames in one place, corrected for decay, and its late image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.bold import signal_mask
from bidsapp.images.frames import Frames
from bidsapp.images.kinetics import T_STAR, logan_slope, patlak_slope
from bidsapp.images.pet_frames import FrameTiming, decay_factors, frame_timing, late_frames
from bidsapp.images.realign import estimate_motion, resample_frames
from bidsapp.images.volume import Volume

LATE = 20 * 60.0
"""Length in seconds of the window at the end of the scan that the static image is summed over."""
STILL = 3 * 60.0
"""Frames whose middle is earlier show blood more than brain: they take the motion of the first later one."""
_TRAPPED = ("fdg", "glucose")  # 18FFDG, fluorodeoxyglucose, 2-deoxy-2-fluoro-D-glucose
_BEGIN = 120.0  # seconds after injection until which a scan counts as seen from its begin


@dataclass(frozen=True, eq=False)
class DynamicPet:
    """Frames in one place, axes closest to RAS, corrected for decay.

    Attributes
    ----------
    frames, timing
        Activity, and when.
    late
        Shape ``(t,)``: which frames the static image is summed over.
    shift
        Largest movement of the brain's middle against the late frames, millimetres.
    notes
        What was done and assumed.
    """

    frames: Frames
    timing: FrameTiming
    late: NDArray[np.bool_]
    shift: float
    notes: tuple[str, ...]

    def static(self) -> Volume:
        """Average the late frames by their durations."""
        return self.frames.mean(np.where(self.late, self.timing.durations, 0.0))


def realign_pet(volumes: Sequence[Volume], metadata: Mapping[str, object]) -> DynamicPet:
    """Correct decay, and bring all frames to the place of the late ones.

    Raises
    ------
    BadDataError
        Timings disagree with the frames or with each other, or decay cannot be corrected.
    """
    timing = frame_timing(metadata, len(volumes))
    factors, said = decay_factors(metadata, timing)
    notes = [said]
    if timing.middles[-1] < STILL:
        notes.append(f"frames were not realigned: the scan ends within {STILL / 60:g} min of the injection")
    frames = Frames.stack(volumes)
    frames = frames.with_data(frames.data * factors.astype(np.float32)).to_closest_ras()
    late = late_frames(timing, timing.ends[-1] - LATE, timing.ends[-1])
    if not late.any():
        late[-1] = True  # one frame longer than the window
    reference = frames.mean(np.where(late, timing.durations, 0.0))
    mask = signal_mask(reference)
    matrices = _motion(frames, timing, reference, mask)
    inside = np.argwhere(mask.data > 0.5).mean(axis=0)
    centre = frames.affine[:3, :3] @ inside + frames.affine[:3, 3]
    moved = matrices[:, :3, :3] @ centre + matrices[:, :3, 3] - centre
    shift = float(np.linalg.norm(moved, axis=1).max())
    return DynamicPet(resample_frames(frames, matrices), timing, late, shift, tuple(notes))


def slope_map(
    pet: DynamicPet,
    brain: NDArray[np.bool_],
    region: NDArray[np.bool_],
    tracer: str,
    *,
    t_star: float = T_STAR,
) -> tuple[str, NDArray[np.float32]]:
    """Give the map of Patlak (FDG, which stays) or Logan (other tracers) within the brain.

    Parameters
    ----------
    pet
        Seen from the injection on.
    brain, region
        Shape ``(x, y, z)``: where to compute, and the reference region.
    tracer
        ``TracerName`` of the sidecar, or the label of the name.

    Returns
    -------
    name
        ``patlak`` (per minute) or ``logan`` (a ratio).
    slope
        Shape ``(x, y, z)``.

    Raises
    ------
    BadDataError
        The scan began too late or ended too early for a slope, nobody knows when the tracer was injected, or
        the region is empty.
    """
    if not pet.timing.after_injection:
        raise BadDataError(
            "InjectionStart is missing or no number; give the seconds from time zero to the injection in its "
            "sidecar."
        )
    begin = float(pet.timing.starts[0])
    if begin > _BEGIN:
        raise BadDataError(f"the scan began {begin / 60:.0f} min after injection.")
    if not region.any():
        raise BadDataError("the reference region is not in the image.")
    signals = pet.frames.data[brain].T
    reference = pet.frames.data[region].mean(axis=0, dtype=np.float64)
    placed = np.zeros(brain.shape, dtype=np.float32)
    if any(name in tracer.lower() for name in _TRAPPED):
        placed[brain] = 60 * patlak_slope(signals, reference, pet.timing, t_star=t_star)
        return "patlak", placed
    placed[brain] = logan_slope(signals, reference, pet.timing, t_star=t_star)
    return "logan", placed


def _motion(frames: Frames, timing: FrameTiming, reference: Volume, mask: Volume) -> NDArray[np.float64]:
    seen = np.flatnonzero(timing.middles >= STILL)
    if seen.size == 0:
        return np.tile(np.eye(4), (len(frames), 1, 1))
    # from the last frame backwards: the reference is late, so that the first guess is best there
    order = seen[::-1]
    found = estimate_motion(frames.with_data(frames.data[..., order]), reference, mask)
    matrices = np.empty((len(frames), 4, 4))
    matrices[order] = found
    matrices[: seen[0]] = matrices[seen[0]]
    return matrices
