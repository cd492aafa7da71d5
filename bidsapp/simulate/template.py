"""The average head that every simulated subject is bent from: the ICBM 2009a brain in a drawn head."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.simulate.fields import Array
from bidsapp.simulate.head import brain_distance, fill_head, skin_depth


@dataclass(frozen=True)
class Template:
    """Maps of the average head; the brain at 1 mm, the outer head at 2 mm.

    Attributes
    ----------
    gm, wm : numpy.ndarray
        Grey- and white-matter fractions in 0-1, on the brain's grid.
    texture : numpy.ndarray
        What of the real average T1w image tissue fractions do not explain, in units of the
        white matter's intensity (deep nuclei, myelination, brain stem).
    origin : tuple of float
        MNI position (mm) of the first voxel of the brain's grid; voxels are 1 mm, axes RAS.
    brain_distance : numpy.ndarray
        Signed distance to the brain's surface in mm (negative inside), on the head's grid.
    depth : numpy.ndarray
        Signed depth under the skin in mm (negative in the air), on the head's grid.
    inside : numpy.ndarray
        `Material` of the deep parts of face, base and neck, on the head's grid.
    """

    gm: Array
    wm: Array
    texture: Array
    origin: tuple[float, float, float]
    brain_distance: Array
    depth: Array
    inside: NDArray[np.uint8]


@functools.cache
def load_template() -> Template:
    """Build the average head from the ICBM 2009a maps that nilearn carries.

    Returns
    -------
    Template
        Shared and read-only: the same object at each call.

    Notes
    -----
    Fonov et al., NeuroImage 2011, doi:10.1016/j.neuroimage.2010.07.033.
    """
    from nilearn import datasets

    image = datasets.load_mni152_template(resolution=1)
    t1 = np.asarray(image.get_fdata(dtype=np.float32))
    gm = np.asarray(datasets.load_mni152_gm_template(resolution=1).get_fdata(dtype=np.float32))
    wm = np.asarray(datasets.load_mni152_wm_template(resolution=1).get_fdata(dtype=np.float32))
    brain = ndimage.binary_fill_holes(t1 > 0)
    gm, wm = gm * brain, wm * brain
    corner = image.affine[:3, 3]
    origin = (float(corner[0]), float(corner[1]), float(corner[2]))
    distance = brain_distance(brain, origin)
    depth = skin_depth(distance)
    return Template(gm, wm, _texture(t1, gm, wm, brain), origin, distance, depth, fill_head())


def _texture(t1: Array, gm: Array, wm: Array, brain: NDArray[np.bool_]) -> Array:
    """Residual of the real T1w average after a least-squares fit by tissue fractions."""
    fractions = np.stack([gm[brain], wm[brain], np.clip(1 - gm - wm, 0, 1)[brain]], axis=1)
    weights, *_ = np.linalg.lstsq(fractions[::7].astype(np.float64), t1[brain][::7], rcond=None)
    weights = weights.round(5)  # so that the number of BLAS threads cannot be seen in the result
    residual = np.zeros_like(t1)
    residual[brain] = (t1[brain] - fractions @ weights.astype(np.float32)) / weights[1]
    return residual
