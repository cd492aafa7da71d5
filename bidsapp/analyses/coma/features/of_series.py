"""What features of a series share: its regions, learned from the training patients, and gaps as a whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import numpy as np

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix, pack_names, unpack_names
from bidsapp.analyses.coma.features.signals import regions_of, series_of
from bidsapp.analyses.coma.patient import Patient, Series


class SeriesFeatures(ABC):
    """Numbers of the signals of regions; all are missing together.

    Parameters
    ----------
    key
        Key of the series.
    """

    def __init__(self, *, key: str = "bold") -> None:
        self._key = key
        self._regions: tuple[str, ...] = ()

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Name of each column."""

    @abstractmethod
    def _row(self, series: Series) -> Matrix:
        """Give the numbers of one series, shape (columns,)."""

    @property
    def groups(self) -> tuple[str, ...]:
        """All are missing together."""
        return (f"{self._key}-series",) * len(self.names)

    def fit(self, patients: Sequence[Patient]) -> Self:
        """Learn the regions."""
        self._regions = regions_of(patients, self._key)
        return self

    def values(self, patients: Sequence[Patient]) -> Matrix:
        """Give the columns, shape (patients, columns); NaN without series."""
        rows = np.full((len(patients), len(self.names)), np.nan)
        for row, patient in zip(rows, patients, strict=True):
            series = series_of(patient, self._key, self._regions)
            if series is not None:
                row[:] = self._row(series)
        return rows

    def arrays(self) -> Arrays:
        """Give the regions."""
        return {"regions": pack_names(self._regions)}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        self._regions = unpack_names(arrays["regions"])
        return self
