"""Lesions with the shape of real ones: a given mask becomes a lesion of given contrast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.errors import UsageError
from bidsapp.simulate.abnormal.model import IMAGES, Abnormal, Mask, parenchyma_of, require, tell
from bidsapp.simulate.abnormal.prepare import as_float32, box_of, check_grid, paste, voxel_edges
from bidsapp.simulate.abnormal.tissues import add_signal
from bidsapp.simulate.fields import Array


def implant_shape(
    volumes: Mapping[str, NDArray[np.floating]],
    shape_mask: NDArray[np.generic],
    *,
    contrasts: Mapping[str, float],
    voxel_size: float | Sequence[float],
    edge_mm: float = 3.0,
    name: str = "lesion of real shape",
) -> Abnormal:
    """Implant a lesion with the shape of a given mask.

    Parameters
    ----------
    volumes : mapping of str to numpy.ndarray
        As for :func:`bidsapp.simulate.abnormal.abnormal`; ``GM``, ``WM`` and ``mask`` are needed.
    shape_mask : numpy.ndarray
        Where the lesion is (above 0.5), shape of the volumes: say the mask of a stroke or of multiple
        sclerosis, warped onto this head. Fluid and what lies outside of the brain are left out.
    contrasts : mapping of str to float
        Relative change of each image, as a share of its median in the lesion: ``{"T1w": -0.3}``.
    voxel_size : float or sequence of float
        Edges of a voxel in mm.
    edge_mm : float
        Width of the soft border, half of it on each side of the mask's.
    name : str
        What the lesion is, for the description.

    Returns
    -------
    Abnormal
        The head with the lesion; ``mask`` is the shape within grey and white matter.

    Raises
    ------
    bidsapp.errors.UsageError
        An image of ``contrasts`` is missing, the mask has another shape, or none of it is in the brain.
    """
    unknown = [image for image in contrasts if image not in IMAGES]
    if unknown:
        raise UsageError(f"A contrast is given for {unknown[0]}, which is none of {', '.join(IMAGES)}.")
    require(volumes, "mask", "GM", "WM", *contrasts)
    edges = voxel_edges(voxel_size)
    head = as_float32(volumes)
    check_grid({**head, "shape_mask": shape_mask})
    box = box_of(head["mask"], edges)
    brain = {name: volume[box] for name, volume in head.items()}
    tissue = parenchyma_of(brain)
    shape = (np.asarray(shape_mask)[box] > 0.5) & tissue
    if not shape.any():
        raise UsageError("The lesion mask has no voxel in the grey and white matter of this head.")
    soft = _soften(shape, tissue, edges, edge_mm)
    changed = {n: paste(part, head[n], box) for n, part in add_signal(brain, contrasts, soft, edges).items()}
    fraction = paste(soft, np.zeros_like(head["mask"]), box)
    size_ml = float(shape.sum() * edges.prod() / 1000)
    return Abnormal(
        {**head, **changed},
        fraction,
        fraction >= 0.5,
        f"simulated {name}, {size_ml:.2f} ml: {tell(contrasts, head)}",
    )


def _soften(shape: Mask, tissue: Mask, edges: NDArray[np.float64], edge_mm: float) -> Array:
    """Give a mask a soft border: half at the border between its voxels and the others, the mask kept."""
    half = float(edges.mean()) / 2
    inside = ndimage.distance_transform_edt(shape, sampling=edges) - half
    outside = ndimage.distance_transform_edt(~shape, sampling=edges) - half
    depth = np.where(shape, inside, -outside)
    soft = np.clip(0.5 + depth / max(edge_mm, 1e-3), 0, 1)
    fraction: Array = np.where(tissue, soft, 0).astype(np.float32)
    return fraction
