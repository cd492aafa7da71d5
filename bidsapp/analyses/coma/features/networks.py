"""Mean connectivity within and between the networks that the regions are named after."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.features.of_series import SeriesFeatures
from bidsapp.analyses.coma.features.protocol import Matrix
from bidsapp.analyses.coma.features.signals import fisher_z, shrunk_correlation
from bidsapp.analyses.coma.patient import Series

Pairs = tuple[tuple[str, NDArray[np.bool_]], ...]


def network_of(region: str) -> str:
    """Give what stands before the first point (``DMN.PCC``: ``DMN``), or nothing."""
    head, point, _ = region.partition(".")
    return head if point else ""


class Networks(SeriesFeatures):
    """Mean Fisher z of all pairs within a network, and between two; regions without network are left out."""

    @property
    def names(self) -> tuple[str, ...]:
        """``DMN`` within, ``DMN~SN`` between."""
        return tuple(name for name, _ in _pairs(self._regions))

    def _row(self, series: Series) -> Matrix:
        matrix = fisher_z(shrunk_correlation(series))
        return np.array([matrix[chosen].mean() for _, chosen in _pairs(self._regions)])


@lru_cache(maxsize=8)
def _pairs(regions: tuple[str, ...]) -> Pairs:
    """Give the pairs of regions of each network and of each two, below the diagonal."""
    networks = np.array([network_of(region) for region in regions], dtype=object)
    below = np.tri(len(networks), k=-1, dtype=bool)
    found = []
    for first, second in combinations_with_replacement(sorted(set(networks) - {""}), 2):
        ones = np.outer(networks == first, networks == second)
        chosen = (ones | ones.T) & below
        if chosen.any():
            found.append((first if first == second else f"{first}~{second}", chosen))
    return tuple(found)
