"""What a lesion-wise protocol says: which lesions were found, which predictions hold, by size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.learning.lesion_agreement.instances import Flags

SIZE_EDGES_MM3 = (3.0, 10.0, 30.0, 100.0)


@dataclass(frozen=True, eq=False)
class Detection:
    """Lesions of a reference and of a prediction, each judged by a protocol.

    Attributes
    ----------
    protocol
        Machine name: ``anima``, ``shifts``, ``isbi`` or ``pairs``.
    reference_mm3, found
        Volume of each reference lesion, and whether it was found, shape ``(reference lesions,)``.
    predicted_mm3, confirmed
        Volume of each predicted lesion, and whether a reference lesion confirms it, shape
        ``(predicted lesions,)``.
    f1
        As the protocol defines it. 1 where neither mask has a lesion, 0 where only one has.
    """

    protocol: str
    reference_mm3: NDArray[np.float64]
    found: Flags
    predicted_mm3: NDArray[np.float64]
    confirmed: Flags
    f1: float

    @property
    def recall(self) -> float | None:
        """Share of reference lesions that were found; ``None`` where there is none to find.

        1 where nothing was predicted either.
        """
        return _share(self.found, other=self.confirmed)

    @property
    def precision(self) -> float | None:
        """Share of predicted lesions that are confirmed; ``None`` where none was predicted.

        1 where the reference has none either.
        """
        return _share(self.confirmed, other=self.found)

    def by_size(self, edges: Sequence[float] = SIZE_EDGES_MM3) -> tuple[SizeClass, ...]:
        """Count lesions by volume: above one edge, up to and with the next (mm3); the last is open.

        Reference lesions are sorted by their own volume and predicted lesions by theirs.
        """
        classes = []
        for low, high in zip(edges, (*edges[1:], np.inf), strict=True):
            found = self.found[_within(self.reference_mm3, low, high)]
            confirmed = self.confirmed[_within(self.predicted_mm3, low, high)]
            classes.append(
                SizeClass(
                    low_mm3=low,
                    high_mm3=None if np.isinf(high) else high,
                    reference=found.size,
                    found=int(found.sum()),
                    predicted=confirmed.size,
                    confirmed=int(confirmed.sum()),
                )
            )
        return tuple(classes)


@dataclass(frozen=True)
class SizeClass:
    """Lesions of one size: those of the reference and how many were found, predicted ones and confirmed."""

    low_mm3: float
    high_mm3: float | None
    reference: int
    found: int
    predicted: int
    confirmed: int

    @property
    def recall(self) -> float | None:
        """Share of the reference lesions of this size that were found; ``None`` where there are none."""
        return self.found / self.reference if self.reference else None

    @property
    def precision(self) -> float | None:
        """Share of the predicted lesions of this size that are confirmed; ``None`` where there are none."""
        return self.confirmed / self.predicted if self.predicted else None


def harmonic_f1(found: Flags, confirmed: Flags) -> float:
    """Give the harmonic mean of recall and precision.

    1 where there are no lesions at all, 0 where one side has none or nothing was found.
    """
    if found.size == confirmed.size == 0:
        return 1.0
    recall, precision = (float(item.mean()) if item.size else 0.0 for item in (found, confirmed))
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def _share(hits: Flags, *, other: Flags) -> float | None:
    if hits.size == 0:
        return 1.0 if other.size == 0 else None
    return float(hits.mean())


def _within(volumes: NDArray[np.float64], low: float, high: float) -> Flags:
    slack = 1 + 1e-6  # a volume on an edge, but for rounding, lies on it
    return np.asarray((volumes > low * slack) & (volumes <= high * slack))
