"""What lies around a patch, and where in the brain it is: the condition under which a patch is judged.

The surrounding is three times as wide as the patch: 45 voxels, of which each 3 by 3 (by 3) become one mean,
so that it has the shape of a patch. The patch itself covers the 5 cells in the middle of each axis.
Cells whose centre lies beyond the border of the image are zero.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, avg_pool3d

from bidsapp.networks.patches import SIDE, patches_at

REACH = 3
_CENTRE = slice((SIDE - SIDE // REACH) // 2, (SIDE + SIDE // REACH) // 2)


def pooled(images: Tensor, dimensions: int) -> Tensor:
    """Give at each voxel the mean of its neighbourhood of 3 voxels on a side; beyond the border is zero.

    Parameters
    ----------
    images
        Shape ``(n, channels, *spatial)``.
    """
    pool = avg_pool2d if dimensions == 2 else avg_pool3d
    return pool(images, REACH, stride=1, padding=REACH // 2)


def pooled_volume(volume: Tensor, dimensions: int) -> Tensor:
    """Pool a volume of shape ``(channels, x, y, z)``, slice by slice for two dimensions."""
    if dimensions == 2:
        return pooled(volume.movedim(-1, 0), 2).movedim(0, -1)
    return pooled(volume[None], 3)[0]


def surroundings_at(pooled_image: Tensor, places: Tensor, dimensions: int) -> Tensor:
    """Give the surroundings of voxels from a volume that `pooled_volume` gave.

    Returns
    -------
    Tensor
        Shape ``(n, channels, 15, 15[, 15])``.
    """
    return patches_at(pooled_image, places, dimensions, spacing=REACH)


def with_centre(surroundings: Tensor, patches: Tensor | None) -> Tensor:
    """Put patches, pooled, in the middle of their surroundings; nothing (zeros) if there are none."""
    dimensions = surroundings.ndim - 2
    pool = avg_pool2d if dimensions == 2 else avg_pool3d
    filled = surroundings.clone()
    centre: tuple[slice, ...] = (slice(None), slice(None), *(_CENTRE,) * dimensions)
    filled[centre] = 0 if patches is None else pool(patches, REACH).to(filled.dtype)
    return filled


def positions_of(places: Tensor, size: torch.Size) -> Tensor:
    """Give voxel indices (x, y, z) as shares of the volume's axes, -1 at the first voxel, 1 at the last."""
    last = torch.tensor(size, device=places.device) - 1
    return 2 * places / last.clamp(min=1) - 1
