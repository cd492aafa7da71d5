import numpy as np
import pytest


@pytest.fixture
def blobs():
    """Two masks of random blobs that overlap in every way: split, merged, missed, extra, grazed."""

    def make(seed):
        rng = np.random.default_rng(seed)
        masks = np.zeros((2, 24, 24, 24), dtype=bool)
        for _ in range(9):
            start, size = rng.integers(0, 18, 3), rng.integers(1, 5, 3)
            for mask in masks:
                if rng.random() < 0.8:
                    low = np.clip(start + rng.integers(-1, 2, 3), 0, 23)
                    high = low + np.maximum(size + rng.integers(-1, 2, 3), 1)
                    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
        return masks[0], masks[1]

    return make
