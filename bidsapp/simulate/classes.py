"""Anatomical classes that a head is made of: what may have an intensity of its own in some sequence."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

CLASSES: Final[dict[int, tuple[int, ...]]] = {
    1: (1,),
    2: (4, 11, 46, 49, 50, 51, 52),
    3: tuple(range(100, 208)),
    4: (23, 30, 36, 37, 57, 58, 75, 76),
    5: (59, 60),
    6: (55, 56),
    7: (31, 32, 47, 48),
    8: (35, 61, 62, 69),
    9: (38, 39, 71, 72, 73),
    10: (40, 41),
    11: tuple(range(81, 89)),
    12: tuple(range(89, 96)),
}
"""MUSE labels of each class: sulcal and ventricular CSF; cortex; striatum and basal forebrain; thalamus;
pallidum; hippocampus and amygdala; brainstem and ventral diencephalon; cerebellar grey and white matter;
lobar white matter; compact bundles."""

BRAIN: Final = list(range(1, 13))
WHITE: Final = [8, 10, 11, 12]
FIRST_OUTSIDE: Final = 13
SHELL: Final = 18
VESSEL_LIKE: Final = [13, 14, 18]
N_CLASSES: Final = 19

TISSUE: Final = np.array([0, 3, 3, 1, 1, 1, 1, 1, 2, 1, 2, 2, 2] + [0] * 6, dtype=np.uint8)
"""Tissue of each class: 0 outside, 1 grey matter, 2 white matter, 3 cerebrospinal fluid.

Brainstem and ventral diencephalon count as white matter: their T1w grey value is that of white matter."""


def brain_from_labels(labels: NDArray[np.integer], radius: int = 3) -> NDArray[np.bool_]:
    """Close the region labels (``radius`` voxels) and fill holes: the border by definition ``labels``."""
    ball = ndimage.iterate_structure(ndimage.generate_binary_structure(3, 1), radius)
    padded = np.pad(labels > 0, radius)
    closed = ndimage.binary_fill_holes(ndimage.binary_closing(padded, ball))
    inner = slice(radius, -radius)
    result: NDArray[np.bool_] = closed[inner, inner, inner]
    return result


def head_classes(image: NDArray[np.float32], labels: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Turn a T1w and its MUSE label map into anatomical classes.

    Parameters
    ----------
    image
        T1w with skull at about 2 mm, any scale, shape ``(x, y, z)``.
    labels
        MUSE labels on the same grid.

    Returns
    -------
    NDArray
        0 air, 1-12 brain (`CLASSES`; unlabelled voxels inside the closed labels are CSF), 13-17 head outside
        of the brain in five steps of the T1w's grey values, 18 the dark shell next to the brain (fluid,
        meninges, inner table).
    """
    lookup = np.ones(256, dtype=np.uint8)
    for key, members in CLASSES.items():
        lookup[list(members)] = key
    brain = brain_from_labels(labels)
    head = _head(image) | brain
    rest = head & ~brain
    steps = np.quantile(image[rest], [0.3, 0.5, 0.7, 0.88]) if rest.any() else np.zeros(4)
    classes = np.zeros(image.shape, dtype=np.uint8)
    classes[rest] = FIRST_OUTSIDE + np.digitize(image[rest], steps)
    near = ndimage.binary_dilation(brain, iterations=3) & rest & (image < steps[1])
    classes[near] = SHELL
    known = lookup[labels]
    known[labels == 0] = 1
    classes[brain] = known[brain]
    return classes


def _head(image: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Fill the outline of the head (bone and sinuses are dark, so a threshold alone leaves holes)."""
    bright = image > 0.12 * np.percentile(image, 98)
    bright = ndimage.binary_opening(bright)
    closed = ndimage.binary_closing(np.pad(bright, 6), iterations=6)[6:-6, 6:-6, 6:-6]
    filled: NDArray[np.bool_] = np.zeros_like(closed)
    for index in range(closed.shape[2]):
        filled[:, :, index] = ndimage.binary_fill_holes(closed[:, :, index])
    return filled
