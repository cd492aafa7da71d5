"""Takes motion, slow drifts, fluid and white matter out of BOLD signals, with nilearn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOW, HIGH = 0.01, 0.1
"""Band of resting fluctuations in hertz."""
_NUISANCE = 0.99
"""Probability of white matter or fluid from which a voxel counts as nothing else."""


def clean_signals(
    signals: NDArray[np.floating],
    repetition: float,
    *,
    confounds: NDArray[np.float64] | None = None,
    kept: NDArray[np.bool_] | None = None,
    band: tuple[float, float] | None = (LOW, HIGH),
) -> NDArray[np.float64]:
    """Detrend, regress and filter in one step, so that filtering brings nothing back (Lindquist 2019).

    Parameters
    ----------
    signals
        Shape ``(t, n)``.
    repetition
        Seconds between frames.
    confounds
        Shape ``(t, m)``.
    kept
        Shape ``(t,)``; other frames are filled by cubic splines for the filter and then left out.
    band
        Hertz; ``None`` filters nothing. Where the scan is too slow for the upper end, only the lower counts.

    Returns
    -------
    clean
        Shape ``(kept frames, n)``, with mean 0.
    """
    from nilearn.signal import clean

    low, high = (None, None) if band is None else band
    if high is not None and high >= 0.5 / repetition:
        high = None
    mask = None if kept is None or kept.all() else np.flatnonzero(kept)
    return np.asarray(
        clean(
            signals.astype(np.float64),
            detrend=True,
            standardize=None,
            confounds=confounds,
            standardize_confounds=True,
            filter="butterworth" if band is not None else False,
            low_pass=high,
            high_pass=low,
            t_r=repetition,
            sample_mask=mask,
            extrapolate=False,
        ),
        dtype=np.float64,
    )


def nuisance_signal(signals: NDArray[np.floating], probability: NDArray[np.floating]) -> NDArray[np.float64]:
    """Average the voxels that are surely of one tissue; where none is, those most likely of it.

    Parameters
    ----------
    signals
        Shape ``(t, voxels)``.
    probability
        Shape ``(voxels,)``, of white matter or of cerebrospinal fluid.

    Returns
    -------
    signal
        Shape ``(t, 1)``.
    """
    limit = min(_NUISANCE, float(np.quantile(probability, 0.99)))
    return np.asarray(signals[:, probability >= limit].mean(axis=1, dtype=np.float64)[:, None])
