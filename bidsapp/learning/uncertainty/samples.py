"""Uncertainty of each voxel from samples of a network: draws of its dropout, or members of an ensemble.

Samples are taken one at a time into running means, so that memory does not grow with their number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

Volume = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Mean probability and what Nair et al. 2020 (doi:10.1016/j.media.2019.101557) measure of samples.

    All are volumes of the samples' shape; entropies are in nats, at most ln 2.

    Attributes
    ----------
    probability
        Mean of the samples.
    entropy
        Of the mean probability (predictive entropy): all doubt, of the data and of the network.
    variance
        Of the probability between samples, divided by their number (MC sample variance).
    mutual_information
        Entropy of the mean less mean entropy: what samples disagree on, doubt of the network.
    """

    probability: Volume
    entropy: Volume
    variance: Volume
    mutual_information: Volume


class Samples:
    """Running means over samples of probabilities (variance by Welford 1962).

    Parameters
    ----------
    shape
        Of each sample.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.count = 0
        self._mean = np.zeros(shape, dtype=np.float32)
        self._squares = np.zeros(shape, dtype=np.float32)
        self._entropy = np.zeros(shape, dtype=np.float32)

    def add(self, probability: Volume) -> None:
        """Take a sample, between 0 and 1.

        Raises
        ------
        ValueError
            The shape is not that of the others.
        """
        if probability.shape != self._mean.shape:
            raise ValueError(f"A sample has shape {probability.shape}, the others {self._mean.shape}")
        self.count += 1
        change = probability - self._mean
        self._mean += change / self.count
        self._squares += change * (probability - self._mean)
        self._entropy += (binary_entropy(probability) - self._entropy) / self.count

    def measure(self) -> Uncertainty:
        """Give the measures of the samples so far.

        Raises
        ------
        ValueError
            There is no sample.
        """
        if not self.count:
            raise ValueError("No sample, no uncertainty")
        entropy = binary_entropy(self._mean)
        return Uncertainty(
            probability=self._mean.copy(),
            entropy=entropy,
            variance=np.maximum(self._squares / self.count, 0),
            mutual_information=np.maximum(entropy - self._entropy, 0),
        )


def binary_entropy(probability: Volume) -> Volume:
    """Give the entropy of yes or no, in nats: 0 when certain, ln 2 at one half."""
    kept = np.clip(probability, 0, 1)  # a running mean may leave the range by rounding
    return np.asarray(entr(kept) + entr(1 - kept), dtype=np.float32)
