"""How signals of regions go together, pair by pair: correlations, or their place in the tangent space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np

from bidsapp.analyses.coma.features.of_series import SeriesFeatures
from bidsapp.analyses.coma.features.protocol import Arrays, Matrix
from bidsapp.analyses.coma.features.signals import (
    fisher_z,
    pair_names,
    series_of,
    shrunk_correlation,
    standardised,
)
from bidsapp.analyses.coma.patient import Patient, Series

Kind = Literal["correlation", "tangent"]


class Connectivity(SeriesFeatures):
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
        super().__init__(key=key)
        self._kind = kind
        self._whitening: Matrix = np.zeros((0, 0))

    @property
    def names(self) -> tuple[str, ...]:
        """``first~second``."""
        return pair_names(self._regions)

    def fit(self, patients: Sequence[Patient]) -> Self:
        """Learn the regions, and for the tangent space the mean of the training patients."""
        super().fit(patients)
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

    def _row(self, series: Series) -> Matrix:
        matrix = self._matrix(shrunk_correlation(series))
        return np.asarray(matrix[np.tril_indices(len(matrix), -1)])

    def _matrix(self, correlation: Matrix) -> Matrix:
        if self._kind == "correlation":
            return fisher_z(correlation)
        values, vectors = np.linalg.eigh(self._whitening @ correlation @ self._whitening)
        return np.asarray((vectors * np.log(values)) @ vectors.T, dtype=np.float64)

    def arrays(self) -> Arrays:
        """Give the regions, and the whitening matrix of the tangent space."""
        return {**super().arrays(), "whitening": self._whitening}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        self._whitening = arrays["whitening"].astype(np.float64)
        return super().restore(arrays)
