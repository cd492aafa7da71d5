"""Keep images and tissue maps consistent: each is changed by what the change of the other means.

Two ways. A change of tissue (thickening, atrophy) moves probability from one tissue to another, and the
images follow by the signal that the two tissues have nearby. A change of signal (scar, iron) is added to
the images, and the tissue maps follow as a segmentation of the T1w by partial volumes would.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.errors import UsageError
from bidsapp.simulate.abnormal.model import IMAGES, PET, TISSUES, Volumes
from bidsapp.simulate.fields import Array

_FWHM_TO_SIGMA = 1 / 2.354820045
_CAMERA_FWHM_MM = 6.0
_PURE = 0.9
_NEARBY_MM3 = 4000.0


def tissue_signal(
    image: Array, share: Array, centre: NDArray[np.float64], edges: NDArray[np.float64], tissue: str
) -> float:
    """Give the signal of a tissue around a place: the median of the 4 ml of pure voxels nearest to it.

    Parameters
    ----------
    image, share : numpy.ndarray
        Image, and probability of the tissue, shape ``(x, y, z)``.
    centre : numpy.ndarray
        Place in voxels.
    edges : numpy.ndarray
        Edges of a voxel in mm.
    tissue : str
        Name for the error.

    Raises
    ------
    bidsapp.errors.UsageError
        No voxel is at least 90 % of this tissue.
    """
    voxels = np.argwhere(share >= _PURE)
    if not len(voxels):
        raise UsageError(
            f"The tissue map {tissue} has no voxel of at least {_PURE:g}, so its signal is unknown."
        )
    square = (((voxels - centre) * edges) ** 2).sum(axis=1)
    count = min(len(voxels), math.ceil(_NEARBY_MM3 / float(edges.prod())))
    near = voxels[np.argpartition(square, count - 1)[:count]]
    return float(np.median(image[tuple(near.T)]))


def blur_as_camera(volume: Array, edges: NDArray[np.float64]) -> Array:
    """Blur with a point spread of 6 mm (FWHM), that of a clinical PET image."""
    blurred: Array = ndimage.gaussian_filter(volume, _CAMERA_FWHM_MM * _FWHM_TO_SIGMA / edges)
    return blurred


def exchange(
    volumes: Volumes, moved: Array, source: str, target: str, edges: NDArray[np.float64]
) -> dict[str, Array]:
    """Turn one tissue into another; the images follow by the tissues' signal nearby.

    Noise and texture stay. But for them (a median filter tells) the image never goes past the signal of
    the target: at a border it is softer than the tissue maps, and would overshoot. PET
    follows as its camera blurs.

    Parameters
    ----------
    volumes : mapping of str to numpy.ndarray
        Volumes on one grid.
    moved : numpy.ndarray
        Probability that moves, at most that of ``source``.
    source, target : str
        Names of tissues.
    edges : numpy.ndarray
        Edges of a voxel in mm.

    Returns
    -------
    dict of str to numpy.ndarray
        The two tissue maps and every image there is; the maps alone where nothing moves.
    """
    changed = {source: volumes[source] - moved, target: volumes[target] + moved}
    if not moved.any():
        return changed
    places = np.argwhere(moved > 0)
    centre = places.mean(axis=0)
    box = tuple(
        slice(low, high + 1) for low, high in zip(places.min(axis=0), places.max(axis=0), strict=True)
    )
    for name in (image for image in IMAGES if image in volumes):
        image = volumes[name]
        before, after = (tissue_signal(image, volumes[t], centre, edges, t) for t in (source, target))
        change = moved * np.float32(after - before)
        if name == PET:
            changed[name] = image + blur_as_camera(change, edges)
            continue
        room = np.float32(after) - ndimage.median_filter(image[box], size=3)
        changed[name] = image.copy()
        changed[name][box] += np.clip(change[box], np.minimum(room, 0), np.maximum(room, 0))
    return changed


def add_signal(
    volumes: Volumes, relative: Mapping[str, float], fraction: Array, edges: NDArray[np.float64]
) -> dict[str, Array]:
    """Change the signal of images in a lesion; the tissue maps follow that of the T1w.

    Parameters
    ----------
    volumes : mapping of str to numpy.ndarray
        Volumes on one grid.
    relative : mapping of str to float
        Change of each image as a share of its median in the lesion: -0.3 is 30 % darker. Added to what
        is there, so texture and noise stay. Images that are not there are passed over.
    fraction : numpy.ndarray
        Share of the change that each voxel gets.
    edges : numpy.ndarray
        Edges of a voxel in mm.
    """
    core = fraction >= 0.5 * fraction.max()
    changed = {
        name: volumes[name] + np.float32(share * float(np.median(volumes[name][core]))) * fraction
        for name, share in relative.items()
        if name in volumes
    }
    if "T1w" in changed and all(tissue in volumes for tissue in TISSUES):
        centre = np.argwhere(core).mean(axis=0)
        darkened = volumes["T1w"] - changed["T1w"]
        changed |= follow_t1w(volumes, np.where(fraction > 0, darkened, 0), centre, edges)
    return changed


def follow_t1w(
    volumes: Volumes, darkened: Array, centre: NDArray[np.float64], edges: NDArray[np.float64]
) -> dict[str, Array]:
    """Move tissue probabilities as a change of the T1w signal would move a segmentation.

    A voxel is taken as a linear mixture. Where it gets darker, white becomes grey matter and, when none
    is left, grey matter becomes fluid; where it gets brighter, the other way round. The sum stays.

    Parameters
    ----------
    volumes : mapping of str to numpy.ndarray
        Holds T1w, GM, WM and CSF.
    darkened : numpy.ndarray
        Loss of T1w signal; negative where it rose.
    centre : numpy.ndarray
        Place, in voxels, around which the tissues' signal is taken.
    edges : numpy.ndarray
        Edges of a voxel in mm.

    Raises
    ------
    bidsapp.errors.UsageError
        The signals of fluid, grey and white matter do not rise in this order.
    """
    grey, white, fluid = (
        tissue_signal(volumes["T1w"], volumes[name], centre, edges, name) for name in TISSUES
    )
    if not fluid < grey < white:
        raise UsageError(
            "The T1w image is not T1-weighted: fluid, grey and white matter must be ever brighter."
        )
    upper, lower = np.float32(white - grey), np.float32(grey - fluid)
    down, up = np.maximum(darkened, 0), np.maximum(-darkened, 0)
    gm, wm, csf = (volumes[name] for name in TISSUES)
    white_to_grey = np.minimum(wm, down / upper)
    grey_to_fluid = np.minimum(gm + white_to_grey, (down - white_to_grey * upper) / lower)
    fluid_to_grey = np.minimum(csf, up / lower)
    grey_to_white = np.minimum(gm + fluid_to_grey, (up - fluid_to_grey * lower) / upper)
    return {
        "GM": gm + (white_to_grey - grey_to_fluid) + (fluid_to_grey - grey_to_white),
        "WM": wm - white_to_grey + grey_to_white,
        "CSF": csf + grey_to_fluid - fluid_to_grey,
    }
