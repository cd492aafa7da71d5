"""A small textured head, made here, for registration and statistics with known truth."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from bidsapp.images.transforms import matrix_exp
from bidsapp.images.volume import Volume


@pytest.fixture(scope="session")
def realdata() -> Path:
    root = Path(os.environ.get("BIDSAPP_REALDATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (root / "openms-long").is_dir():
        pytest.skip("the real data are not here (BIDSAPP_REALDATA)")
    return root


@pytest.fixture(scope="session")
def head() -> Volume:
    """A 3 mm head with ventricles, ribbon and texture; 60 x 70 x 60 voxels, brain in the middle."""
    return make_head(0)


@pytest.fixture(scope="session")
def brain_mask(head: Volume) -> Volume:
    return head.with_data(head.data > 0.05)


def make_head(seed: int) -> Volume:
    rng = np.random.default_rng(seed)
    shape = (60, 70, 60)
    affine = np.diag([3.0, 3.0, 3.0, 1.0])
    affine[:3, 3] = [-88.5, -103.5, -88.5]
    x, y, z = np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in shape], indexing="ij")
    radius = np.sqrt((x / 21) ** 2 + (y / 26) ** 2 + (z / 19) ** 2)
    texture = ndimage.gaussian_filter(rng.standard_normal(shape), 2.0)
    texture /= texture.std()
    tissue = np.where(radius + 0.08 * texture < 0.8, 1.0, 0.6)
    ventricle = np.sqrt(((np.abs(x) - 4) / 2.5) ** 2 + ((y + 2) / 9) ** 2 + ((z - 3) / 5) ** 2) < 1
    data = np.where(radius < 1, np.where(ventricle, 0.2, tissue), 0.0)
    data = ndimage.gaussian_filter(data + 0.02 * texture * (radius < 1), 0.5)
    return Volume(np.ascontiguousarray(data, dtype=np.float32), affine)


def rigid_matrix(degrees: tuple[float, float, float], shift: tuple[float, float, float]) -> np.ndarray:
    a, b, c = np.radians(degrees)
    tangent = np.array([[0, -c, b, 0], [c, 0, -a, 0], [-b, a, 0, 0], [0, 0, 0, 0]], dtype=np.float64)
    matrix = matrix_exp(tangent)
    matrix[:3, 3] = shift
    return matrix
