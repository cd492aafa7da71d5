from dataclasses import replace

import numpy as np
import pytest

from bidsapp.learning.latent.sample import LatentSample


@pytest.fixture
def sample():
    """Six places in three regions, seven people: places far apart, people mixed."""
    rng = np.random.default_rng(3)
    centres = 10 * np.eye(6, 8)
    return LatentSample(
        vectors=(centres[:, None] + rng.normal(size=(6, 7, 8))).astype(np.float32),
        places_mm=rng.uniform(-60, 60, (6, 3)).astype(np.float32),
        regions=("Insula", "Insula", "Putamen", "Putamen", "Thalamus", "Thalamus"),
        tissues=("GM", "WM") * 3,
        subjects=tuple(f"sub-{i:02d}" for i in range(7)),
        ages=np.array([20, 30, 40, 50, 60, 70, np.nan], np.float32),
        scores=rng.random((6, 7)).astype(np.float32),
    )


@pytest.fixture
def aimless(sample):
    """The same places and people, and vectors that know nothing of either."""
    noise = np.random.default_rng(4).normal(size=sample.vectors.shape)
    return replace(sample, vectors=noise.astype(np.float32))
