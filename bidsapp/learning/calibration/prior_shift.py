"""Adapts a network's answers to how much disease a scan shows, which differs from what it was trained on.

A network's probabilities hold for the share of lesion voxels that its examples had. One scan has a tenth of
it, the next one five times as much, and the same logit then means another probability. The share is not
known, but the answers themselves tell it: the mean of the adapted probabilities is the new share, again and
again until it stays (expectation maximisation; Saerens, Latinne and Decaestecker, Neural Computation 2002,
14:21-41, https://doi.org/10.1162/089976602753284446). No truth of the scan has a part in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.learning.calibration.counts import LogitCounts

LEAST, MOST = 1e-5, 0.05
"""Share of the brain that may be lesion: from a speck to 75 ml of a litre and a half."""
ROUNDS, STILL = 500, 1e-4


@dataclass(frozen=True)
class Prior:
    """What the answers rest on.

    Attributes
    ----------
    prevalence
        Mean probability of lesion that the network gives on examples like those of its training. With the
        answers' own mean, and not the true share, such an example stays as it is.
    """

    prevalence: float

    def share(self, counts: LogitCounts) -> float:
        """Estimate the share of lesion voxels of a scan, of which no truth is used."""
        logit, voxels = counts.logit, counts.negative + counts.positive
        share = self.prevalence
        for _ in range(ROUNDS):
            adapted = 1 / (1 + np.exp(-(logit + self._shift(share))))
            new = float(np.clip((adapted * voxels).sum() / voxels.sum(), LEAST, MOST))
            if abs(new - share) <= STILL * share:
                return new
            share = new
        return share

    def adapt(self, logit: NDArray[np.float32], counts: LogitCounts) -> NDArray[np.float32]:
        """Move the logits of a scan (any shape), of which ``counts`` are those in the brain."""
        return np.asarray(logit + self._shift(self.share(counts)), dtype=np.float32)

    def _shift(self, share: float) -> float:
        return _log_odds(share) - _log_odds(self.prevalence)


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))
