"""Deviates of learned scores on a Gaussian's scale: 3 is as rare over the controls' voxels as 3 should be.

Scores of machines are bounded or skewed, and a threshold of 3 would form no cluster or a brain full of them.
Which voxel deviates more than another stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import stats

from bidsapp.oneclass.normative import Sign
from bidsapp.oneclass.regression import Array, Matrix

_STEP = 0.05
_FEWEST = 20


class Scorer(Protocol):
    """A model of every voxel; see :class:`bidsapp.oneclass.normative.NormativeModel`."""

    @property
    def sign(self) -> Sign:
        """Which deviates count."""
        ...

    def z(self, features: Array, covariates: Matrix) -> Array:
        """Give the deviate of each voxel."""
        ...


@dataclass(frozen=True, eq=False)
class EqualisedModel:
    """A model whose deviates are read on the controls' pooled distribution.

    Attributes
    ----------
    model
        Gives the deviates, 0 or more.
    knots, deviates
        Quantiles of the left-out controls' deviates, ascending, and the normal deviates as rare as they.
    """

    model: Scorer
    knots: Matrix
    deviates: Matrix

    @property
    def sign(self) -> Sign:
        """That of the model."""
        return self.model.sign

    def z(self, features: Array, covariates: Matrix) -> Array:
        """Give the deviate of each voxel; see :meth:`bidsapp.oneclass.normative.NormativeModel.z`."""
        return self.read(self.model.z(features, covariates))

    def read(self, z: Array) -> Array:
        """Put deviates on the Gaussian's scale; beyond the last knot its slope goes on."""
        inside = np.interp(z, self.knots, self.deviates)
        steps = min(int(1 / _STEP), self.knots.size - 1)
        rise = self.deviates[-1] - self.deviates[-1 - steps]
        slope = rise / max(self.knots[-1] - self.knots[-1 - steps], 1e-6)
        return np.asarray(inside + slope * np.maximum(z - self.knots[-1], 0), dtype=np.float32)


def equalise(model: Scorer, left_out: Array) -> EqualisedModel:
    """Fit the scale to all voxels of all controls, each scored by the model of the others.

    Deviates that many voxels share, as the 0 of all that is less strange than expected, get the lowest of
    the normal deviates that are as rare as they: 0 stays 0.

    Parameters
    ----------
    model
        Its deviates do not tell directions: ``sign`` is ``above`` (one tail) or ``none`` (both tails in one).
    left_out
        The controls' deviates, shape ``(controls, voxels)``.
    """
    tails = 2.0 if model.sign == "none" else 1.0
    last = float(stats.norm.isf(_FEWEST / left_out.size / tails))
    deviates = np.arange(0, last, _STEP)
    share = 1 - tails * stats.norm.sf(deviates)
    knots = np.maximum.accumulate(np.quantile(left_out, np.clip(share, 0, 1)).astype(np.float64))
    knots, first = np.unique(knots, return_index=True)
    return EqualisedModel(model, knots, deviates[first])
