"""How strongly each region fluctuates slowly, read at the real times of the frames."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from bidsapp.analyses.coma.features.of_series import SeriesFeatures
from bidsapp.analyses.coma.features.protocol import Matrix
from bidsapp.analyses.coma.patient import Series

FREQUENCIES = np.arange(0.01, 0.0801, 0.005)
_FLOOR = 1e-6
_CACHED = 2048


class Amplitude(SeriesFeatures):
    """Logarithm of the mean amplitude from 0.01 to 0.08 Hz (as ALFF, Zang et al. 2007) of each region.

    The periodogram is that of Lomb and Scargle, which takes frames of any spacing. Frequencies with less than
    one period in the series are left out; a series shorter than one period of 0.08 Hz is missing.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Regions."""
        return self._regions

    def _row(self, series: Series) -> Matrix:
        return np.asarray(np.log(slow_amplitude(series) + _FLOOR))


@lru_cache(maxsize=_CACHED)
def slow_amplitude(series: Series) -> Matrix:
    """Give the mean amplitude over the band in units of the signal, shape (regions,); NaN with gaps.

    A sine of amplitude a has amplitude a at its own frequency: a^2 = 4 P / n for power P of n frames.
    """
    from scipy.signal import lombscargle

    span = float(np.ptp(series.times) + np.median(series.durations))
    band = FREQUENCIES[FREQUENCIES * span >= 1]
    if not band.size:
        return np.full(len(series.regions), np.nan)
    centred = series.values.astype(np.float64) - series.values.mean(axis=0, dtype=np.float64)
    powers = [lombscargle(series.times, signal, 2 * np.pi * band) for signal in centred.T]
    amplitude: Matrix = np.sqrt(4 * np.maximum(powers, 0) / len(centred)).mean(axis=1)
    return amplitude
