"""Diffusion weighting of a series: b-values and directions, read, checked and turned with the head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.limits import NUMBERS_BYTES
from bidsapp.reading import read_bytes

UNWEIGHTED = 50.0
"""Largest b-value (s/mm2) of a volume that counts as without diffusion weighting."""
GAUSSIAN = 1500.0
"""Largest b-value (s/mm2) of a tensor fit: beyond it diffusion in the brain is clearly not Gaussian."""
LARGEST = 100_000.0
"""Largest b-value (s/mm2) that is read; the strongest gradients of human scanners reach a third."""
DIRECTIONS = 6
"""Fewest directions that a symmetric tensor needs."""
_ANGLE = 5.0  # degrees; directions that are closer, up to their sign, are one
_LENGTH = 0.1  # a vector of a weighted volume may be this far from unit length


@dataclass(frozen=True, eq=False)
class Gradients:
    """The weighting of each volume.

    Parameters
    ----------
    bvals
        Shape ``(n,)``, s/mm2.
    directions
        Shape ``(n, 3)``; unit vectors along the axes of the world (RAS). Zero where a volume is unweighted,
        or is a mean over directions (trace-weighted).
    """

    bvals: NDArray[np.float64]
    directions: NDArray[np.float64]

    @property
    def unweighted(self) -> NDArray[np.bool_]:
        """Which volumes have no diffusion weighting, shape ``(n,)``."""
        return self.bvals <= UNWEIGHTED

    @property
    def fitted(self) -> NDArray[np.bool_]:
        """Which volumes a model is fitted to, shape ``(n,)``.

        Those up to 1500 s/mm2 (all where nothing weighted is), of which a tensor leaves out the means over
        directions.
        """
        directed = np.any(self.directions != 0, axis=1) | self.unweighted
        return self._gaussian & directed if self.gives_tensor else self._gaussian

    @property
    def gives_tensor(self) -> bool:
        """Whether there are at least six directions to fit (else only an ADC can be had)."""
        return _count_directions(self.directions[self._gaussian & ~self.unweighted]) >= DIRECTIONS

    @property
    def _gaussian(self) -> NDArray[np.bool_]:
        low = self.bvals <= GAUSSIAN
        return low if (low & ~self.unweighted).any() else np.ones_like(low)

    def turned_back(self, matrices: Sequence[NDArray[np.float64]]) -> Gradients:
        r"""Give the directions as the head of the fixed image sees them.

        A head that turned by :math:`R` under a fixed gradient :math:`g` is weighted along :math:`R^T g` of
        itself (Leemans and Jones 2009, MRM 61:1336). :math:`R` is the rotation in the polar decomposition of
        the map, so that stretch by eddy currents turns nothing.

        Parameters
        ----------
        matrices
            For each volume, shape ``(4, 4)``: points of the fixed image to points of the volume (RAS mm).
        """
        turned = np.array(
            [_rotation(matrix).T @ g for matrix, g in zip(matrices, self.directions, strict=True)]
        )
        return Gradients(self.bvals, turned)


def read_gradients(bval: Path, bvec: Path | None, volumes: int, affine: NDArray[np.float64]) -> Gradients:
    """Read the text files of a diffusion series.

    Parameters
    ----------
    bval, bvec
        FSL's format, as BIDS has it: a row of b-values, three rows of vectors along the axes of the image,
        the first one mirrored where the affine is not (determinant above 0). Three columns are read too.
    volumes
        Number of volumes of the image.
    affine
        Of the image, voxels to RAS millimetres.

    Raises
    ------
    BadDataError
        There are no vectors, numbers disagree, or nothing or everything is weighted.
    NoInputError
        A file cannot be opened.
    """
    values = _read_numbers(bval).ravel()
    if bvec is None:
        raise BadDataError(f"{bval} gives b-values, but there are no vectors (.bvec); add them.")
    if values.size != volumes:
        raise BadDataError(f"{bval} holds {values.size} b-values for {volumes} volumes; correct it.")
    vectors = _read_numbers(bvec)
    if vectors.shape == (volumes, 3) and volumes != 3:
        vectors = vectors.T
    if vectors.shape != (3, volumes):
        shape = " x ".join(str(size) for size in vectors.shape)
        raise BadDataError(
            f"{bvec} holds {shape} numbers for {volumes} volumes; it needs three rows of them."
        )
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > LARGEST:
        raise BadDataError(f"{bval} holds values that are no b-values (negative, nan, huge); correct it.")
    found = Gradients(values, _to_world(_unit(vectors.T, values, bvec), affine))
    if not found.unweighted.any():
        raise BadDataError(
            f"{bval} has no volume without diffusion weighting (b up to 50); exclude the series."
        )
    if found.unweighted.all():
        raise BadDataError(f"{bval} has no diffusion-weighted volume; exclude the series.")
    return found


def _read_numbers(path: Path) -> NDArray[np.float64]:
    text = read_bytes(path, NUMBERS_BYTES).decode("latin-1")
    try:
        return np.atleast_2d(np.loadtxt(text.splitlines(), dtype=np.float64))
    except ValueError as error:
        raise BadDataError(f"{path} does not hold rows of numbers ({error}); correct it.") from error


def _unit(vectors: NDArray[np.float64], bvals: NDArray[np.float64], path: Path) -> NDArray[np.float64]:
    vectors = np.where((bvals > UNWEIGHTED)[:, None], np.nan_to_num(vectors), 0.0)
    lengths = np.linalg.norm(vectors, axis=1)
    given = lengths > 0
    if (np.abs(lengths[given] - 1) > _LENGTH).any():
        raise BadDataError(f"{path} holds vectors that are not of unit length; correct it.")
    return vectors / np.where(given, lengths, 1.0)[:, None]


def _to_world(vectors: NDArray[np.float64], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    if np.linalg.det(axes) > 0:
        vectors = vectors * [-1.0, 1.0, 1.0]
    return np.asarray(vectors @ axes.T, dtype=np.float64)


def _count_directions(vectors: NDArray[np.float64]) -> int:
    limit = np.cos(np.radians(_ANGLE))
    distinct: list[NDArray[np.float64]] = []
    for vector in vectors[np.linalg.norm(vectors, axis=1) > 0]:
        if all(abs(float(vector @ other)) < limit for other in distinct):
            distinct.append(vector)
    return len(distinct)


def _rotation(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    left, _, right = np.linalg.svd(matrix[:3, :3])
    return np.asarray(left @ right, dtype=np.float64)
