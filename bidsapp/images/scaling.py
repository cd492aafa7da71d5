"""One robust scale of grey values, the same in training and in use of a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def scale_grey_values(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map the 0.5th percentile of the positive voxels to 0, the 99.5th to 1, and clip to 0..1.5.

    Only voxels above zero count, so that padding and stripped surroundings do not move the scale. An image
    with fewer than 100 such voxels becomes zero.

    Parameters
    ----------
    image
        Grey values in any unit, any shape.
    """
    positive = image[image > 0]
    if positive.size < 100:
        return np.zeros_like(image)
    ordered = np.sort(positive[:: max(1, positive.size // 50_000)])
    low, high = (ordered[int(share * (ordered.size - 1))] for share in (0.005, 0.995))
    scaled: NDArray[np.float32] = np.clip((image - low) / (high - low + 1e-6), 0, 1.5).astype(np.float32)
    return scaled
