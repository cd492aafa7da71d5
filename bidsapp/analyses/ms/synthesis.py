"""The synthesised T1w after contrast agent over the samples of an ensemble, and the activity it shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import laplace

from bidsapp.analyses.ms.inference import Output

Array = NDArray[np.float32]
ENHANCED = 0.15
"""Rise of the T1w, as a share of white matter, from which a voxel is said to enhance."""


def enhancement(output: Output, lesion: NDArray[np.bool_]) -> Array:
    """Give the chance that a voxel rises by `ENHANCED`, by the Laplace law that the network was fitted with.

    Parameters
    ----------
    output
        Of a network: ``change`` is the law's mean, ``scale`` its scale.
    lesion
        Where there is a lesion, shape ``(x, y, z)``: an active lesion is one, vessels and meninges are not.

    Returns
    -------
    ndarray
        Same shape, 0 outside of lesions.
    """
    chance = np.zeros(lesion.shape, dtype=np.float32)
    chance[lesion] = laplace.sf(ENHANCED, output.change[lesion], output.scale[lesion])
    return chance


class Synthesis:
    """Running means of the synthesised change, so that memory does not grow with the samples (Welford 1962).

    Parameters
    ----------
    shape
        Of each sample.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.count = 0
        self.change: Array = np.zeros(shape, dtype=np.float32)
        self._squares: Array = np.zeros(shape, dtype=np.float32)
        self._own: Array = np.zeros(shape, dtype=np.float32)

    def add(self, output: Output) -> None:
        """Take a sample; ``change`` becomes the mean of all."""
        self.count += 1
        apart = output.change - self.change
        self.change += apart / self.count
        self._squares += apart * (output.change - self.change)
        self._own += (np.square(output.scale) - self._own) / self.count

    def error(self) -> Array:
        """Give the expected error: what samples disagree on, and what each of them expects.

        Raises
        ------
        ValueError
            There is no sample.
        """
        if not self.count:
            raise ValueError("No sample, no error")
        return np.sqrt(self._squares / self.count + self._own)
