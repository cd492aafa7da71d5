"""Lesions as bright voxels of FLAIR near white matter: the classical baseline that a network must beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume

PRIOR_WIDTH_MM = 3.0
_FACES = ndimage.generate_binary_structure(3, 1)
_SURE = 0.9
_FEWEST = 500
_HALF_OF_NORMAL = 1.349


def lesion_belief(flair: Volume, gm: Volume, wm: Volume, csf: Volume) -> Volume:
    """Say how bright each voxel is against grey matter, weighted by how likely lesions are there.

    Follows the lesion growth algorithm of LST (Schmidt et al. 2012, NeuroImage 59:3774): FLAIR is
    standardised by its distribution in a tissue, the outliers towards bright are weighted by the place, and
    a threshold kappa binarises this belief. It is simpler in four things. Grey matter, the brightest
    healthy tissue of FLAIR, is the only class whose outliers count. Its centre is the mode and its spread
    the shortest half, which lesions mislabelled as grey matter do not move, where LST has mean and
    variance. The place is the share of white matter in the tissue around the voxel, not the tissue of the
    voxel itself, because lesions are often called grey matter on T1w. And lesions do not grow: there is
    one threshold (:func:`belief_mask`).

    Parameters
    ----------
    flair
        Bias-corrected FLAIR.
    gm, wm, csf
        Tissue probabilities on the grid of ``flair``; 0 outside of the brain.

    Returns
    -------
    Volume
        Deviates of grey matter, at least 0, times a weight from 0 to 1.

    Raises
    ------
    BadDataError
        There is too little sure grey matter, or FLAIR is constant there.
    """
    mode, spread = grey_matter_scale(flair.data[gm.data > _SURE])
    deviate = np.maximum((flair.data - mode) / spread, 0.0)
    return flair.with_data(deviate * _place(gm, wm, csf))


def belief_mask(belief: Volume, *, kappa: float, larger_than_mm3: float = 3.0) -> Volume:
    """Give the pieces (voxels that share faces) of a belief above ``kappa`` that are not too small.

    Parameters
    ----------
    belief
        From :func:`lesion_belief`.
    kappa
        Threshold; chosen on patients other than the one at hand.
    larger_than_mm3
        Pieces of this volume or less are left out.
    """
    labels, _ = ndimage.label(belief.data > kappa, structure=_FACES)
    sizes = np.bincount(labels.ravel()) * belief.voxel_volume * 1000
    kept = sizes > larger_than_mm3
    kept[0] = False
    return belief.with_data(kept[labels])


def grey_matter_scale(values: NDArray[np.floating]) -> tuple[float, float]:
    """Give the mode and the spread of FLAIR in grey matter; lesions and vessels in the tail move neither.

    The mode is the midpoint of the shortest interval that holds half of the values, halved again and again
    (half-sample mode, Robertson and Cryer 1974). The spread is the width of the first of these intervals
    over 1.349, the width that holds half of a normal distribution of standard deviation 1.

    Parameters
    ----------
    values
        FLAIR in sure grey matter, shape ``(voxels,)``.

    Raises
    ------
    BadDataError
        There are fewer than 500 values, or they do not vary.
    """
    if values.size < _FEWEST:
        raise BadDataError(
            f"only {values.size} voxels are surely grey matter; FLAIR cannot be standardised by it."
        )
    ordered = np.sort(values.astype(np.float64))
    half = _shortest_half(ordered)
    spread = float(half[-1] - half[0]) / _HALF_OF_NORMAL
    if spread <= 0:
        raise BadDataError("FLAIR is constant in grey matter; check the image.")
    # down to an eighth: smaller pieces follow noise, not the shape of the distribution
    core = _shortest_half(_shortest_half(half))
    return float(core[0] + core[-1]) / 2, spread


def _shortest_half(ordered: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the half of sorted values that spans the shortest interval."""
    half = (ordered.size + 1) // 2
    widths = ordered[half - 1 :] - ordered[: ordered.size - half + 1]
    start = int(np.argmin(widths))
    return ordered[start : start + half]


def _place(gm: Volume, wm: Volume, csf: Volume) -> NDArray[np.float32]:
    """Give the share of white matter in the tissue around, times the chance of not being CSF."""
    sigma = (PRIOR_WIDTH_MM / wm.voxel_size).tolist()
    white, grey = (
        ndimage.gaussian_filter(item.data, sigma, mode="constant", truncate=3.0) for item in (wm, gm)
    )
    share = white / np.maximum(white + grey, 1e-3)
    inside = gm.data + wm.data + csf.data > 0.5
    return np.where(inside, share * (1 - csf.data), 0.0).astype(np.float32)
