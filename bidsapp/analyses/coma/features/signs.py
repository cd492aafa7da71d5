"""A few numbers that say whether signals and images are those of a brain, and of this kind of image.

Connectivity alone cannot tell: white noise has no correlations, so it lies in the middle of any cohort.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix, below, pack_names, prefixed, unpack_names
from bidsapp.analyses.coma.features.regional import Regional
from bidsapp.analyses.coma.features.signals import (
    fisher_z,
    regions_of,
    series_of,
    shrunk_correlation,
    standardised,
)
from bidsapp.analyses.coma.patient import Patient, Series

OF_SERIES = ("autocorrelation", "kurtosis", "strength", "connectivity", "likeness")
"""In the order of what :meth:`Signs.values` gives for a series."""
OF_IMAGE = ("level", "spread", "likeness")
_FLOOR = 1e-6
_FEWEST_REGIONS = 3


class Signs:
    """Summaries of each series and of each image's means of regions.

    Of a series: the median over regions of the correlation of a frame with the next one, of the excess
    kurtosis and of the logarithm of the standard deviation; the mean Fisher z of all pairs of regions; and
    how like all pairs are to the mean of the training patients. Of an image: mean and logarithm of the
    standard deviation over regions, and how like the regions are to the mean of the training patients.
    Likeness is the Fisher z of a correlation.

    Parameters
    ----------
    key
        Key of the series.
    """

    def __init__(self, *, key: str = "bold") -> None:
        self._key = key
        self._regions: tuple[str, ...] = ()
        self._pairs: Matrix = np.zeros(0)
        self._regional = Regional()
        self._profile: Matrix = np.zeros(0)

    @property
    def names(self) -> tuple[str, ...]:
        """``bold autocorrelation``, ..., ``FLAIR likeness``."""
        series = [f"{self._key} {sign}" for sign in OF_SERIES if self._regions]
        return (*series, *(f"{image} {sign}" for image in self._images for sign in OF_IMAGE))

    @property
    def groups(self) -> tuple[str, ...]:
        """Signs of a series or an image are missing together."""
        series = [f"{self._key}-series" for _ in OF_SERIES if self._regions]
        return (*series, *(image for image in self._images for _ in OF_IMAGE))

    @property
    def _images(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._regional.groups))

    def fit(self, patients: Sequence[Patient]) -> Self:
        """Learn the mean of the training patients, pair by pair and region by region."""
        self._regions = regions_of(patients, self._key)
        found = [series_of(patient, self._key, self._regions) for patient in patients]
        pairs = [_pairs(series) for series in found if series is not None]
        self._pairs = np.mean(pairs, axis=0) if pairs else np.zeros(0)
        means = self._regional.fit(patients).values(patients)
        count = np.maximum((~np.isnan(means)).sum(axis=0), 1)
        self._profile = np.nansum(means, axis=0) / count
        return self

    def values(self, patients: Sequence[Patient]) -> Matrix:
        """Give the signs, shape (patients, signs); NaN where a series or an image is missing."""
        means = self._regional.values(patients)
        groups = np.array(self._regional.groups)
        rows = []
        for patient, own in zip(patients, means, strict=True):
            row: list[float] = []
            if self._regions:
                row += self._of_series(series_of(patient, self._key, self._regions))
            for image in self._images:
                row += _of_image(own[groups == image], self._profile[groups == image])
            rows.append(row)
        return np.array(rows, dtype=np.float64).reshape(len(patients), len(self.names))

    def _of_series(self, series: Series | None) -> list[float]:
        if series is None:
            return [np.nan] * len(OF_SERIES)
        pairs = _pairs(series)
        return [*_of_signals(series), float(pairs.mean()), likeness(pairs, self._pairs)]

    def arrays(self) -> Arrays:
        """Give the regions and both means."""
        own: Arrays = {"regions": pack_names(self._regions), "pairs": self._pairs, "profile": self._profile}
        return {**own, **prefixed("regional", self._regional.arrays())}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        self._regions = unpack_names(arrays["regions"])
        self._regional.restore(below("regional", arrays))
        self._pairs = arrays["pairs"].astype(np.float64)
        self._profile = arrays["profile"].astype(np.float64)
        return self


def autocorrelation(series: Series) -> float:
    """Give the median over regions of the correlation of a frame with the next; NaN if all are constant."""
    signals = standardised(series)
    signals = signals[:, signals.any(axis=0)]
    return float(np.median((signals[1:] * signals[:-1]).mean(axis=0))) if signals.size else float("nan")


def _of_signals(series: Series) -> list[float]:
    """Give autocorrelation, kurtosis and strength; NaN where all regions are constant."""
    from scipy.stats import kurtosis

    spread = series.values.std(axis=0, dtype=np.float64)
    varies = spread > 0  # not so where a region lies outside the image, and has no signal
    if not varies.any():
        return [np.nan] * 3
    tails = float(np.median(kurtosis(standardised(series)[:, varies], axis=0)))
    return [autocorrelation(series), tails, float(np.log(np.median(spread[varies])))]


def likeness(own: Matrix, usual: Matrix) -> float:
    """Give Fisher's z of the correlation of two profiles; NaN where one is constant or too short."""
    there = ~np.isnan(own)
    first, second = own[there], usual[there]
    if first.size < _FEWEST_REGIONS or not first.std() or not second.std():
        return float("nan")
    return float(fisher_z(np.array(np.corrcoef(first, second)[0, 1])))


def _pairs(series: Series) -> Matrix:
    matrix = fisher_z(shrunk_correlation(series))
    return np.asarray(matrix[np.tril_indices(len(matrix), -1)], dtype=np.float64)


def _of_image(own: Matrix, usual: Matrix) -> list[float]:
    if np.isnan(own).all():
        return [np.nan] * len(OF_IMAGE)
    return [float(np.nanmean(own)), float(np.log(np.nanstd(own) + _FLOOR)), likeness(own, usual)]
