"""How strongly each region fluctuates slowly, read at the real times of the frames."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Self

import numpy as np

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix, pack_names, unpack_names
from bidsapp.analyses.coma.features.signals import regions_of, series_of
from bidsapp.analyses.coma.patient import Patient, Series

FREQUENCIES = np.arange(0.01, 0.0801, 0.005)
_FLOOR = 1e-6
_CACHED = 2048


class Amplitude:
    """Logarithm of the mean amplitude from 0.01 to 0.08 Hz (as ALFF, Zang et al. 2007) of each region.

    The periodogram is that of Lomb and Scargle, which takes frames of any spacing. Frequencies with less than
    one period in the series are left out; a series shorter than one period of 0.08 Hz is missing.

    Parameters
    ----------
    key
        Key of the series.
    """

    def __init__(self, *, key: str = "bold") -> None:
        self._key = key
        self._regions: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Regions."""
        return self._regions

    @property
    def groups(self) -> tuple[str, ...]:
        """All are missing together."""
        return (f"{self._key}-series",) * len(self._regions)

    def fit(self, patients: Sequence[Patient]) -> Self:
        """Learn the regions."""
        self._regions = regions_of(patients, self._key)
        return self

    def values(self, patients: Sequence[Patient]) -> Matrix:
        """Give the amplitudes, shape (patients, regions); NaN where missing."""
        rows = np.full((len(patients), len(self._regions)), np.nan)
        for row, patient in zip(rows, patients, strict=True):
            series = series_of(patient, self._key, self._regions)
            if series is not None:
                row[:] = np.log(slow_amplitude(series) + _FLOOR)
        return rows

    def arrays(self) -> Arrays:
        """Give the regions."""
        return {"regions": pack_names(self._regions)}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        self._regions = unpack_names(arrays["regions"])
        return self


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
