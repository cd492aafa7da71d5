"""How signals of regions go together, pair by pair: correlations, or their place in the tangent space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix, pack_names, unpack_names
from bidsapp.analyses.coma.features.signals import (
    fisher_z,
    pair_names,
    regions_of,
    series_of,
    shrunk_correlation,
    standardised,
)
from bidsapp.analyses.coma.patient import Patient

Kind = Literal["correlation", "tangent"]


class Connectivity:
    """Every pair of regions of a series.

    ``correlation`` gives Fisher's z of the shrunk correlations. ``tangent`` gives the logarithm of the shrunk
    correlation matrix C as seen from the mean G of the training patients, log(G^-1/2 C G^-1/2), with G their
    geometric mean (Varoquaux et al. 2010): how a patient differs from the others, pair by pair.

    Parameters
    ----------
    kind
        ``correlation`` or ``tangent``.
    key
        Key of the series.
    """

    def __init__(self, kind: Kind = "correlation", *, key: str = "bold") -> None:
        self._kind, self._key = kind, key
        self._regions: tuple[str, ...] = ()
        self._whitening: Matrix = np.zeros((0, 0))

    @property
    def names(self) -> tuple[str, ...]:
        """``first~second``."""
        return pair_names(self._regions)

    @property
    def groups(self) -> tuple[str, ...]:
        """All pairs are missing together."""
        return (f"{self._key}-series",) * len(self.names)

    def fit(self, patients: Sequence[Patient]) -> Self:
        """Learn the regions, and for the tangent space the mean of the training patients."""
        self._regions = regions_of(patients, self._key)
        if self._kind == "tangent":
            self._whitening = self._mean_whitening(patients)
        return self

    def _mean_whitening(self, patients: Sequence[Patient]) -> Matrix:
        from nilearn.connectome import ConnectivityMeasure
        from sklearn.covariance import LedoitWolf

        found = [series_of(patient, self._key, self._regions) for patient in patients]
        signals = [standardised(series) for series in found if series is not None]
        if not signals:
            return np.zeros((0, 0))
        shrinkage = LedoitWolf(assume_centered=True, store_precision=False)
        measure = ConnectivityMeasure(cov_estimator=shrinkage, kind="tangent", standardize=False)
        return np.asarray(measure.fit(signals).whitening_, dtype=np.float64)

    def values(self, patients: Sequence[Patient]) -> Matrix:
        """Give the pairs, shape (patients, pairs); NaN without series."""
        rows = np.full((len(patients), len(self.names)), np.nan)
        lower = np.tril_indices(len(self._regions), -1)
        for row, patient in zip(rows, patients, strict=True):
            series = series_of(patient, self._key, self._regions)
            if series is not None:
                row[:] = self._matrix(shrunk_correlation(series))[lower]
        return rows

    def _matrix(self, correlation: Matrix) -> Matrix:
        if self._kind == "correlation":
            return fisher_z(correlation)
        values, vectors = np.linalg.eigh(self._whitening @ correlation @ self._whitening)
        return np.asarray((vectors * np.log(values)) @ vectors.T, dtype=np.float64)

    def arrays(self) -> Arrays:
        """Give the regions, and the whitening matrix of the tangent space."""
        return {"regions": pack_names(self._regions), "whitening": self._whitening}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        self._regions = unpack_names(arrays["regions"])
        self._whitening = arrays["whitening"].astype(np.float64)
        return self
