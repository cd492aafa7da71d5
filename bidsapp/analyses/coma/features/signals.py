"""Correlations of regional signals, shrunk as far as the length of the series asks for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.features.protocol import Matrix
from bidsapp.analyses.coma.patient import Patient, Series
from bidsapp.errors import BadDataError

FEWEST_FRAMES = 10
_CACHED = 2048


@lru_cache(maxsize=_CACHED)
def shrunk_correlation(series: Series) -> Matrix:
    """Give the correlation matrix of the regions with the shrinkage of Ledoit and Wolf (2004).

    A short series is shrunk more: its correlations are nearer to 0, and the matrix is positive definite even
    with fewer frames than regions. Each series is worked on once.

    Returns
    -------
    matrix
        Shape (regions, regions), read-only; a region without signal correlates with none.
    """
    from sklearn.covariance import ledoit_wolf

    covariance: Matrix = ledoit_wolf(standardised(series), assume_centered=True)[0]
    spread = np.sqrt(np.diag(covariance))
    scale = np.outer(spread, spread)
    matrix: Matrix = np.divide(covariance, scale, out=np.eye(len(scale)), where=scale > 0)
    matrix.flags.writeable = False
    return matrix


def standardised(series: Series) -> Matrix:
    """Give signals of mean 0 and variance 1, shape (frames, regions); constant ones and gaps are 0."""
    values = np.ma.masked_invalid(series.values.astype(np.float64))
    centred = (values - values.mean(axis=0)).filled(0.0)
    spread = centred.std(axis=0)
    return np.asarray(np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0))


def fisher_z(correlation: NDArray[np.float64]) -> Matrix:
    """Give artanh(r), r kept within 0.999."""
    return np.arctanh(np.clip(correlation, -0.999, 0.999))


def pair_names(regions: Sequence[str]) -> tuple[str, ...]:
    """Name the pairs below the diagonal, row by row: ``first~second``."""
    return tuple(f"{first}~{second}" for row, first in enumerate(regions) for second in regions[:row])


def regions_of(patients: Sequence[Patient], key: str) -> tuple[str, ...]:
    """Give the regions of the first patient who has the series; none if nobody has."""
    return next((patient.series[key].regions for patient in patients if key in patient.series), ())


def series_of(patient: Patient, key: str, regions: Sequence[str]) -> Series | None:
    """Give a patient's series, or None where there is none or no training patient had one (no regions).

    Raises
    ------
    BadDataError
        It has other regions than asked for, or too few frames.
    """
    series = patient.series.get(key)
    if series is None or not regions:
        return None
    if series.regions != tuple(regions):
        raise BadDataError(
            f"sub-{patient.subject}: the {key} series has {len(series.regions)} regions, which are not those "
            f"of the training patients ({len(regions)}); extract it with the same atlas."
        )
    if len(series.values) < FEWEST_FRAMES:
        raise BadDataError(
            f"sub-{patient.subject}: the {key} series has {len(series.values)} frames; {FEWEST_FRAMES} are "
            "the fewest that correlations can be told from."
        )
    return series
