"""Names the subjects that stand out of their cohort, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def robust_z(values: Sequence[float]) -> NDArray[np.float64]:
    """Give the modified z-score of Iglewicz and Hoaglin (1993): 0.6745 (x - median) / MAD.

    Where more than half of the values are equal (MAD 0), the mean absolute deviation times 1.2533
    takes the place of MAD / 0.6745; where all are equal, every score is 0.

    >>> robust_z([1.0, 2.0, 3.0, 4.0, 100.0]).round(2).tolist()
    [-1.35, -0.67, 0.0, 0.67, 65.43]
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size == 0:
        return x
    away = x - np.median(x)
    scale = float(np.median(np.abs(away))) / 0.6745
    if scale == 0:
        scale = float(np.mean(np.abs(away))) * 1.253314
    return away / scale if scale > 0 else np.zeros_like(x)
