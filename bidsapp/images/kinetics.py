"""Graphical analysis of dynamic PET with a reference region: Patlak for tracers that stay, Logan for others.

Both plot, voxel by voxel, two running integrals against each other; past the time t* the plot is a line and
its slope is the measure. No blood is needed: the reference region stands for it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.pet_frames import FrameTiming

T_STAR = 20 * 60.0
"""Seconds after injection from which the plots are taken as straight."""
FEWEST_POINTS = 3


def patlak_slope(
    activity: NDArray[np.floating],
    reference: NDArray[np.floating],
    timing: FrameTiming,
    *,
    t_star: float = T_STAR,
) -> NDArray[np.float64]:
    r"""Give the reference-region Patlak slope, the net rate of trapping (Patlak and Blasberg 1985).

    :math:`C_T(t)/C_R(t) = K \int_0^t C_R / C_R(t) + V` (J Cereb Blood Flow Metab 5:584).

    Parameters
    ----------
    activity
        Shape ``(t, voxels)``, corrected for decay.
    reference
        Shape ``(t,)``, mean of the reference region.
    timing
        From injection on.
    t_star
        Seconds.

    Returns
    -------
    slope
        Shape ``(voxels,)``, per second; 0 where it is not finite.

    Raises
    ------
    BadDataError
        Fewer than three frames are left after t*, or the reference is not positive there.
    """
    late = _late(timing, reference, t_star)
    stretched = _integral(reference[:, None], timing)[late, 0] / reference[late]
    ratio = activity[late] / reference[late, None]
    return _slope(np.broadcast_to(stretched[:, None], ratio.shape), ratio)


def logan_slope(
    activity: NDArray[np.floating],
    reference: NDArray[np.floating],
    timing: FrameTiming,
    *,
    t_star: float = T_STAR,
    k2: float | None = None,
) -> NDArray[np.float64]:
    r"""Give the reference-region Logan slope, the distribution volume ratio (Logan 1996).

    :math:`\int C_T / C_T = DVR\,(\int C_R + C_R / k_2') / C_T + c` (J Cereb Blood Flow Metab 16:834);
    the term of :math:`k_2'` is left out where it is not given, which is right once
    :math:`C_R / C_T` is steady.

    Parameters
    ----------
    activity, reference, timing, t_star
        As for :func:`patlak_slope`.
    k2
        Rate of clearance from the reference region, per second.
    """
    late = _late(timing, reference, t_star)
    own = activity[late].astype(np.float64)
    shared = _integral(reference[:, None], timing)[late, 0]
    if k2 is not None:
        shared = shared + reference[late] / k2
    with np.errstate(divide="ignore", invalid="ignore"):
        return _slope(shared[:, None] / own, _integral(activity, timing)[late] / own)


def _late(timing: FrameTiming, reference: NDArray[np.floating], t_star: float) -> NDArray[np.bool_]:
    late = timing.starts >= t_star
    if late.sum() < FEWEST_POINTS:
        raise BadDataError(
            f"only {int(late.sum())} PET frames begin later than {t_star / 60:g} min after injection; a "
            f"slope needs {FEWEST_POINTS}."
        )
    if reference[late].min() <= 0:
        raise BadDataError("the PET image is not positive in the reference region.")
    return np.asarray(late)


def _integral(activity: NDArray[np.floating], timing: FrameTiming) -> NDArray[np.float64]:
    """Integrate from injection to the middle of each frame.

    From injection to the first frame activity rises as a ramp; in a break between frames it goes straight.
    """
    activity = activity.astype(np.float64)
    amount = activity * timing.durations[:, None]
    breaks = np.maximum(timing.starts[1:] - timing.ends[:-1], 0.0)[:, None]
    missed = np.zeros_like(amount)
    missed[1:] = np.cumsum(breaks * (activity[1:] + activity[:-1]) / 2, axis=0)
    before = np.cumsum(amount, axis=0) - amount + missed
    ramp = activity[:1] * max(float(timing.starts[0]), 0.0) / 2
    return np.asarray(ramp + before + amount / 2)


def _slope(x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float64]:
    """Regress each column of ``y`` on that of ``x``, shapes ``(t, voxels)``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        dx, dy = x - x.mean(axis=0), y - y.mean(axis=0)
        slope = (dx * dy).sum(axis=0) / (dx**2).sum(axis=0)
    return np.where(np.isfinite(slope), slope, 0.0)
