"""Patterns of the linear models, to stand beside what each feature adds to a prediction.

A contribution says what the model did with a feature; the pattern says how the feature goes with the score as
the model has it (Haufe et al. 2014, doi:10.1016/j.neuroimage.2013.10.067). It is computed from the training
patients, since it needs the covariance of their columns, and stored with the bundle.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bidsapp.analyses.coma.features.protocol import Arrays, pack_names, unpack_names
from bidsapp.analyses.coma.models.linear import Linear
from bidsapp.analyses.coma.models.protocol import Model
from bidsapp.analyses.coma.patient import Patient
from bidsapp.explain.patterns import haufe_pattern

PATTERNS = "patterns"
"""File of a bundle that holds them; only where the contributions passed their control."""


def haufe_of(model: Model, patients: Sequence[Patient]) -> dict[str, float]:
    """Give the pattern of each column of a linear model.

    Parameters
    ----------
    model
        Fitted; any model that is not linear has no pattern.
    patients
        Those it was fitted to.

    Returns
    -------
    dict
        By name of the column, in standard deviations of the column per standard deviation of the prediction,
        which is their correlation: 1 moves with the predicted score, -1 against it. A column that no patient
        differs in has 0. Empty for a model that is not linear.
    """
    if not isinstance(model, Linear):
        return {}
    columns = model.columns(patients)
    weights = np.array(list(model.weights.values()))
    spread = columns.std(axis=0)
    scale = np.divide((columns @ weights).std(), spread, out=np.zeros_like(spread), where=spread > 0)
    return dict(zip(model.weights, (haufe_pattern(columns, weights) * scale).tolist(), strict=True))


def pack_patterns(patterns: dict[str, float]) -> Arrays:
    """Give patterns as arrays for a bundle."""
    return {"names": pack_names(tuple(patterns)), "patterns": np.array(list(patterns.values()))}


def unpack_patterns(arrays: Arrays) -> dict[str, float]:
    """Undo :func:`pack_patterns`."""
    values = arrays["patterns"].astype(np.float64).tolist()
    return dict(zip(unpack_names(arrays["names"]), values, strict=True))
