"""Uncertainty of a whole lesion: from that of its voxels, or from how samples disagree on its outline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.learning.uncertainty.samples import Volume

Labels = NDArray[np.integer]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]
_LEAST = 1e-10


def mean_uncertainty(labels: Labels, uncertainty: Volume) -> Values:
    """Give the mean of a voxelwise measure over each lesion.

    Parameters
    ----------
    labels
        0 outside, lesions 1 to n without gaps.
    uncertainty
        Of the same shape, not negative.

    Returns
    -------
    ndarray
        Shape ``(n,)``.
    """
    sizes = np.bincount(labels.ravel())[1:]
    return _sums(labels, uncertainty) / sizes


def log_sum_uncertainty(labels: Labels, uncertainty: Volume) -> Values:
    """Give the sum over each lesion of the logarithm of a voxelwise measure (Nair et al. 2020).

    As if voxels were independent: the logarithm of their product. It falls with the size of the lesion, so
    that a large lesion counts as sure; compare it with the order of volumes alone. Nair et al. rescale it to
    0..1 over a dataset, which changes no order and is left out. Values below 1e-10 count as 1e-10.
    Parameters and returned shape are those of :func:`mean_uncertainty`.
    """
    return _sums(labels, np.log(np.maximum(uncertainty, _LEAST)))


def structural_disagreement(labels: Labels, samples: Iterable[Mask], *, connectivity: int = 1) -> Values:
    """Give 1 less the mean overlap of each lesion with its counterpart in each sample.

    The counterpart is the connected component of the sample's mask with the largest intersection over union;
    a sample without one counts as overlap 0 (lesion structural uncertainty, Molchanova et al. 2025,
    arXiv:2311.08931).

    Parameters
    ----------
    labels
        Of the mean prediction: 0 outside, lesions 1 to n without gaps.
    samples
        Masks of the same shape, thresholded as the mean prediction was.
    connectivity
        By which ``labels`` were made: 1 for 6 neighbours, 2 for 18, 3 for 26.

    Returns
    -------
    ndarray
        Shape ``(n,)``, 0 where all samples draw the same outline, 1 where none has the lesion.

    Raises
    ------
    ValueError
        There is no sample.
    """
    sizes = np.bincount(labels.ravel())[1:]
    structure = ndimage.generate_binary_structure(labels.ndim, connectivity)
    overlaps = [_best_overlap(labels, sizes, ndimage.label(mask, structure)[0]) for mask in samples]
    if not overlaps:
        raise ValueError("No sample to compare the lesions with")
    return np.asarray(1 - np.mean(overlaps, axis=0), dtype=np.float64)


class SampleMasks:
    """Keeps the masks of samples at one bit a voxel, until the lesions of their mean are known."""

    def __init__(self) -> None:
        self._packed: list[tuple[tuple[int, ...], NDArray[np.uint8]]] = []

    def add(self, mask: Mask) -> None:
        """Keep the mask of a sample."""
        self._packed.append((mask.shape, np.packbits(mask)))

    def __iter__(self) -> Iterator[Mask]:
        for shape, bits in self._packed:
            yield np.unpackbits(bits, count=int(np.prod(shape))).reshape(shape).astype(np.bool_)


def _best_overlap(labels: Labels, sizes: NDArray[np.intp], components: Labels) -> Values:
    """Give the largest intersection over union of each lesion with any component."""
    both = (labels > 0) & (components > 0)
    own_sizes = np.bincount(components.ravel())
    pairs = labels[both].astype(np.int64) * own_sizes.size + components[both]
    codes, shared = np.unique(pairs, return_counts=True)
    lesion, component = np.divmod(codes, own_sizes.size)
    best = np.zeros(sizes.size)
    np.maximum.at(best, lesion - 1, shared / (sizes[lesion - 1] + own_sizes[component] - shared))
    return best


def _sums(labels: Labels, values: Volume) -> Values:
    inside = labels > 0
    weights = values[inside].astype(np.float64)
    totals = np.bincount(labels[inside], weights=weights, minlength=int(labels.max(initial=0)) + 1)
    return np.asarray(totals[1:], dtype=np.float64)
