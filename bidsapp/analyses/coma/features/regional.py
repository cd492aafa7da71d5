"""Means of the regions of an atlas within each image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import numpy as np

from bidsapp.analyses.coma.features.protocol import Arrays, Matrix, pack_names, unpack_names
from bidsapp.analyses.coma.patient import ANOMALY, Patient


class Regional:
    """``image:region`` for each image and region that a training patient has.

    Parameters
    ----------
    anomaly
        Whether it takes what the ``anomaly`` analysis says of the regions (keys of :attr:`Patient.regions`
        that start with ``anomaly``), or all else.
    """

    def __init__(self, *, anomaly: bool = False) -> None:
        self._anomaly = anomaly
        self._columns: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """``image:region``."""
        return tuple(f"{key}:{region}" for key, region in self._columns)

    @property
    def groups(self) -> tuple[str, ...]:
        """Regions of one image are missing together."""
        return tuple(key for key, _ in self._columns)

    def fit(self, patients: Sequence[Patient]) -> Self:
        """Learn which images and regions there are."""
        self._columns = tuple(
            sorted({
                (key, region)
                for patient in patients
                for key, regions in patient.regions.items()
                if key.startswith(ANOMALY) == self._anomaly
                for region in regions
            })
        )  # fmt: skip
        return self

    def values(self, patients: Sequence[Patient]) -> Matrix:
        """Give the columns, shape (patients, columns); NaN where an image or a region is missing."""
        rows = [
            [patient.regions.get(key, {}).get(region, math.nan) for key, region in self._columns]
            for patient in patients
        ]
        return np.array(rows, dtype=np.float64).reshape(len(patients), len(self._columns))

    def arrays(self) -> Arrays:
        """Give the names of the columns."""
        keys, regions = zip(*self._columns, strict=True) if self._columns else ((), ())
        return {"keys": pack_names(keys), "regions": pack_names(regions)}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        pairs = zip(unpack_names(arrays["keys"]), unpack_names(arrays["regions"]), strict=True)
        self._columns = tuple(pairs)
        return self
