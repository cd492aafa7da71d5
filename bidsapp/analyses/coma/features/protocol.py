"""What a set of features is, and how names are stored among arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.patient import Patient

Arrays = Mapping[str, NDArray[np.generic]]
Matrix = NDArray[np.float64]


class Features(Protocol):
    """Columns of numbers for each patient.

    Attributes
    ----------
    names
        Name of each column, known once fitted.
    groups
        Group of each column: columns that are missing together (an image, a signal).
    """

    @property
    def names(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def groups(self) -> tuple[str, ...]: ...  # noqa: D102

    def fit(self, patients: Sequence[Patient]) -> Self:
        """Learn which columns there are, and what they refer to, from training patients."""
        ...

    def values(self, patients: Sequence[Patient]) -> Matrix:
        """Give the columns, shape (patients, columns); NaN where the patient lacks them."""
        ...

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        ...

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        ...


def pack_names(names: Sequence[str]) -> NDArray[np.uint8]:
    """Give names as bytes of JSON, since bundles hold numbers only."""
    return np.frombuffer(json.dumps(list(names)).encode(), dtype=np.uint8)


def unpack_names(packed: NDArray[np.generic]) -> tuple[str, ...]:
    """Undo :func:`pack_names`."""
    return tuple(json.loads(np.asarray(packed, dtype=np.uint8).tobytes()))


def prefixed(prefix: str, arrays: Arrays) -> dict[str, NDArray[np.generic]]:
    """Put ``prefix.`` before each name."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def below(prefix: str, arrays: Arrays) -> dict[str, NDArray[np.generic]]:
    """Undo :func:`prefixed`: those under ``prefix.``, without it."""
    start = f"{prefix}."
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
