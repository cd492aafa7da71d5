"""Mean connectivity within and between the networks that the regions are named after."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix, pack_names, unpack_names
from bidsapp.analyses.coma.features.signals import fisher_z, regions_of, series_of, shrunk_correlation
from bidsapp.analyses.coma.patient import Patient


def network_of(region: str) -> str:
    """Give what stands before the first point (``DMN.PCC``: ``DMN``), or nothing."""
    head, point, _ = region.partition(".")
    return head if point else ""


class Networks:
    """Mean Fisher z of all pairs within a network, and between two; regions without network are left out.

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
        """``DMN`` within, ``DMN~SN`` between."""
        return tuple(name for name, _ in self._pairs())

    @property
    def groups(self) -> tuple[str, ...]:
        """All are missing together."""
        return (f"{self._key}-series",) * len(self.names)

    def fit(self, patients: Sequence[Patient]) -> Self:
        """Learn the regions."""
        self._regions = regions_of(patients, self._key)
        return self

    def values(self, patients: Sequence[Patient]) -> Matrix:
        """Give the means, shape (patients, networks and pairs of them); NaN without series."""
        pairs = self._pairs()
        rows = np.full((len(patients), len(pairs)), np.nan)
        for row, patient in zip(rows, patients, strict=True):
            series = series_of(patient, self._key, self._regions)
            if series is not None:
                matrix = fisher_z(shrunk_correlation(series))
                row[:] = [matrix[chosen].mean() for _, chosen in pairs]
        return rows

    def _pairs(self) -> list[tuple[str, NDArray[np.bool_]]]:
        networks = np.array([network_of(region) for region in self._regions], dtype=object)
        below = np.tri(len(networks), k=-1, dtype=bool)
        found = []
        for first, second in combinations_with_replacement(sorted(set(networks) - {""}), 2):
            ones = np.outer(networks == first, networks == second)
            chosen = (ones | ones.T) & below
            if chosen.any():
                found.append((first if first == second else f"{first}~{second}", chosen))
        return found

    def arrays(self) -> Arrays:
        """Give the regions."""
        return {"regions": pack_names(self._regions)}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        self._regions = unpack_names(arrays["regions"])
        return self
