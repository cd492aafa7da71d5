"""What the score was read from: the parts of a linear prediction, which add up to it exactly."""

from __future__ import annotations

import numpy as np

from bidsapp.analyses.coma.models.linear import Linear
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.trained import Trained
from bidsapp.findings import Column, Table

LISTED = 10
COLUMNS = (
    Column(name="feature", description="What was measured in this patient"),
    Column(
        name="contribution",
        description="What it adds to the prediction; all features and the mean add up to it",
        unit="points",
    ),
)


def reason_table(patient: Patient, trained: Trained) -> Table | None:
    """Give the features that moved the prediction most; ``None`` for a model that is no sum.

    A contribution says what the model did, not what the brain does: a feature that merely cancels noise of
    another has one, too (Haufe et al. 2014, doi:10.1016/j.neuroimage.2013.10.067).
    """
    model = trained.model
    if not isinstance(model, Linear) or trained.options.kind == "outcome":
        return None
    names = list(model.weights)
    columns = model.columns([patient])[0]
    parts = np.array([model.weights[name] for name in names]) * columns
    order = np.argsort(-np.abs(parts), kind="stable")[:LISTED]
    rows = tuple((names[place], float(parts[place])) for place in order if parts[place])
    return Table(
        title=f"What moved the prediction most ({len(rows)} of {len(names)} features)",
        suffix="stats",
        entities={"desc": "reasons"},
        datatype="beh",
        columns=COLUMNS,
        rows=rows,
    )
