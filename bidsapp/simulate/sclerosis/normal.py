"""How bright normal-appearing tissue of real patients is, by place: what a drawn contrast lacks.

Cortex of the insula and the hippocampus is brighter on FLAIR than other cortex, the corticospinal tract
brighter than other white matter, and so on: a network that never saw it calls it lesion. The map holds, for
each contrast and tissue, the smooth deviation from the tissue's median (``benchmarks/ms_normal.py``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from torch import Tensor

from bidsapp.simulate.sclerosis.anatomy import sample_channels

TISSUES = ("GM", "WM", "CSF")
STEP = 2
"""Voxels of standard space (2 mm) along one voxel of the map."""
UNIT = 0.01


@dataclass(frozen=True, eq=False)
class NormalContrast:
    """Normal grey values of patients (white matter = 1).

    Attributes
    ----------
    levels
        Medians of grey matter, white matter and CSF, by contrast.
    deviations
        By contrast: local deviation of the three tissues from these, float32, shape ``(3, x, y, z)``.
    to_voxel
        4x4 matrix from MNI mm (RAS) to voxels of the maps, float32.
    """

    levels: Mapping[str, tuple[float, float, float]]
    deviations: Mapping[str, Tensor]
    to_voxel: Tensor

    def at(self, name: str, position: Tensor) -> Tensor:
        """Read the deviations of one contrast at MNI coordinates ``(3, x, y, z)``; 0 outside of the map."""
        voxels = torch.einsum("ij,jxyz->xyzi", self.to_voxel[:3, :3], position) + self.to_voxel[:3, 3]
        return sample_channels(self.deviations[name], voxels)


def read_normal(path: Path) -> NormalContrast:
    """Read a map and the JSON beside it, as ``benchmarks/ms_normal.py`` writes them."""
    image = nib.load(path)
    told = json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text(encoding="utf-8"))
    data = torch.from_numpy(np.asarray(image.dataobj, dtype=np.float32)).permute(3, 0, 1, 2) * UNIT
    return NormalContrast(
        levels={name: (own["GM"], own["WM"], own["CSF"]) for name, own in told["Levels"].items()},
        deviations={name: data[3 * place : 3 * place + 3] for place, name in enumerate(told["Levels"])},
        to_voxel=torch.from_numpy(np.linalg.inv(image.affine).astype(np.float32)),
    )
