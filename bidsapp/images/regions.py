"""How well two masks agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def dice(first: NDArray[np.generic], second: NDArray[np.generic]) -> float:
    """Give 2|A and B| / (|A| + |B|) of two masks (Dice 1945); 1 where both are empty."""
    a, b = np.asarray(first) > 0.5, np.asarray(second) > 0.5
    total = int(a.sum()) + int(b.sum())
    return 1.0 if total == 0 else 2.0 * int((a & b).sum()) / total
