import numpy as np
import pytest
from scipy import ndimage


@pytest.fixture(scope="session")
def toy_head():
    """A head of shells: scalp, bone, fluid, cortex, white matter, ventricle; MUSE labels; 2 mm, RAS."""
    shape = (64, 72, 64)
    axes = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in shape), indexing="ij")
    radius = np.sqrt((axes[0] / 0.85) ** 2 + axes[1] ** 2 + (axes[2] / 0.9) ** 2)
    image, labels = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for limit, grey, label in (
        (32, 0.9, 0),
        (29, 0.1, 0),
        (26, 0.2, 1),
        (24, 0.6, 100),
        (20, 1.0, 81),
        (6, 0.2, 51),
    ):
        image[radius < limit], labels[radius < limit] = grey, label
    rng = np.random.default_rng(0)
    image = ndimage.gaussian_filter(image, 0.5) + rng.normal(0, 0.02, shape)
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = -np.array(shape)
    return np.clip(image * 1000, 0, None).astype(np.float32), labels, affine
