"""A small patient and a small healthy head, of which all is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import ndimage

from bidsapp.simulate.sclerosis.anatomy import Anatomy, HealthyHead, Region, show
from bidsapp.simulate.sclerosis.patient import MarkedPatient, Tissue

SHAPE = (36, 34, 32)
SIZE = 40


@pytest.fixture(scope="session")
def make_patient() -> Callable[..., MarkedPatient]:
    return patient


def patient(seed: int, *, lesions: bool = True) -> MarkedPatient:
    """White matter (T1w 1, FLAIR 0) with correlated grain, fluid on one side, two bright lesions on FLAIR."""
    rng = np.random.default_rng(seed)
    tissue = np.full(SHAPE, Tissue.WM, dtype=np.uint8)
    tissue[:4], tissue[4:6], tissue[-3:] = Tissue.OUTSIDE, Tissue.CSF, Tissue.GM
    grain = ndimage.gaussian_filter(rng.standard_normal(SHAPE), 0.7)
    grain *= 0.1 / grain.std()
    lesion = np.zeros(SHAPE, dtype=bool)
    if lesions:
        lesion[12:16, 12:17, 12:16] = True
        lesion[6:10, 22:26, 20:24] = True  # touches the fluid
    flair = np.select([tissue == Tissue.CSF, tissue == Tissue.GM, lesion], [-4.0, 1.0, 3.0], 0.0) + grain
    t1w = np.select([tissue == Tissue.CSF, tissue == Tissue.GM, lesion], [-4.0, -1.0, -1.0], 1.0) - 2 * grain
    images = {"T1w": t1w, "FLAIR": flair}
    return MarkedPatient(
        {name: torch.from_numpy((image * (tissue > 0)).astype(np.float32)) for name, image in images.items()},
        torch.from_numpy(lesion),
        torch.from_numpy(tissue),
    )


@pytest.fixture(scope="session")
def head() -> HealthyHead:
    """A ball: ventricle within white matter within cortex within fluid, its middle at MNI (0, 0, 0)."""
    axes = [torch.arange(SIZE, dtype=torch.float32) - SIZE / 2 for _ in range(3)]
    position = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    radius = (position**2).sum(0).sqrt()
    ventricle, cortex, fluid = radius < 4, (radius >= 13) & (radius < 17), (radius >= 17) & (radius < 18)
    white = (radius >= 4) & (radius < 13)
    tissue = torch.stack([cortex, white, ventricle | fluid]).to(torch.uint8) * 255
    t1w = (70 * cortex + 100 * white + 20 * (ventricle | fluid)).to(torch.uint8)
    region = torch.where(ventricle, int(Region.VENTRICLES), 0).to(torch.uint8)
    return HealthyHead(t1w, tissue, region, position[:, ::4, ::4, ::4].contiguous())


@pytest.fixture(scope="session")
def anatomy(head: HealthyHead) -> Anatomy:
    """The whole ball as an example sees it, each voxel where it is."""
    axes = [torch.arange(SIZE, dtype=torch.float32)] * 3
    return show(head, torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1))
