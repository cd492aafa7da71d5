"""Real patients whose lesions nobody marked, as heads to simulate lesions in.

Their scans show what normal tissue, noise and thick slices really look like. Whatever could be a lesion of
their own is left out of the loss, so that only what is surely normal teaches the network to be silent.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.analyses.ms.heads import read_head
from bidsapp.analyses.ms.patients import read_patient
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.simulate.sclerosis.anatomy import STRIDE, HealthyHead, sample_channels

if TYPE_CHECKING:
    from bidsapp.simulate.sclerosis.normal import NormalContrast

LIMIT = 2.5
"""Robust standard deviations above the expected FLAIR from which a voxel may be lesion."""
MARGIN_VOXELS = 2
SMALLEST = 4
"""Voxels of a bright piece that may be a lesion."""
SCANS = ("T1w", "T2w", "FLAIR")


def read_background(member: Member, kept: Path, normal: NormalContrast) -> HealthyHead:
    """Read a patient's scans with T1w, T2w and FLAIR, and find where lesions may be.

    Parameters
    ----------
    member
        Preprocessed session.
    kept
        Folder for heads that are ready to use.
    normal
        What FLAIR shows in normal tissue, by place.

    Raises
    ------
    BadDataError
        A contrast is missing.
    """
    missing = [name for name in SCANS if name not in member.native]
    if missing:
        raise BadDataError(f"{member.name} has no {missing[0]}; leave it out of the backgrounds.")
    head, patient = read_head(member, kept), read_patient(member)
    tissue = head.tissue.float() / 255
    unsure = possible_lesions(patient.images["FLAIR"], tissue, deviation_of(head, normal))
    unsure &= patient.brain.numpy()
    return replace(
        head,
        scans={name: patient.images[name].half() for name in SCANS},
        unsure=torch.from_numpy(unsure.astype(np.uint8)),
    )


def deviation_of(head: HealthyHead, normal: NormalContrast) -> torch.Tensor:
    """Read the map of normal FLAIR on the grid of a head, shape ``(3, x, y, z)``."""
    axes = [torch.arange(n, dtype=torch.float32) for n in head.t1w.shape]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    return normal.at("FLAIR", sample_channels(head.position, points / STRIDE, border=True))


def possible_lesions(flair: torch.Tensor, tissue: torch.Tensor, deviation: torch.Tensor) -> NDArray[np.bool_]:
    """Tell where FLAIR is brighter than tissue and place lead to expect, with a margin.

    Parameters
    ----------
    flair
        White matter = 1, shape ``(x, y, z)``.
    tissue, deviation
        Probabilities of grey matter, white matter and CSF, and how each deviates from its median by place;
        shape ``(3, x, y, z)``.
    """
    levels = torch.stack([flair[part > 0.9].median() for part in tissue])
    expected = (tissue * (levels[:, None, None, None] + deviation)).sum(0)
    solid = (tissue[0] + tissue[1]) > 0.5
    excess = flair - expected
    spread = 1.4826 * float(excess[solid].abs().median())
    smooth = ndimage.gaussian_filter(excess.numpy(), 0.7)
    labels, count = ndimage.label((smooth > LIMIT * spread) & solid.numpy(), structure=np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    large = sizes >= SMALLEST
    large[0] = False
    grown: NDArray[np.bool_] = ndimage.binary_dilation(large[labels], iterations=MARGIN_VOXELS)
    return grown
