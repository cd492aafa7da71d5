"""What the score was read from: parts of a linear prediction, or modalities of a fusion network."""

from __future__ import annotations

import numpy as np

from bidsapp.analyses.coma.control import stored_control
from bidsapp.analyses.coma.models.fusion import Fusion, without
from bidsapp.analyses.coma.models.linear import Linear
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.trained import Trained
from bidsapp.findings import Column, Table

OF_MODALITIES = (
    Column(name="modality", description="Image, signal, or the bedside"),
    Column(name="weight", description="Weight in the sum of the network; all that is there sums to 1"),
    Column(
        name="change",
        description="Prediction with this modality less that without it. Neither weight nor change was "
        "controlled against shuffled labels: they say what the network did, and are no reasons",
    ),
)
OF_PATTERNS = Column(
    name="pattern",
    description="Correlation of the feature with the prediction in training patients (Haufe et al. 2014); "
    "near 0, the feature serves to cancel what others share",
)


def modality_table(patient: Patient, model: Fusion) -> Table:
    """Give what each modality of the patient is to the network, those of most weight first.

    A weight says how much of a modality goes into the sum, not what it says; the change of the prediction
    when it is taken away tells that. With early fusion all volumes together are one row.
    """
    predicted = float(model.predict([patient])[0])
    weights = dict(zip(model.codes, model.weights([patient])[0].tolist(), strict=True))
    seen = sorted((code for code in weights if weights[code] > 0), key=lambda code: -weights[code])
    rows = tuple(
        (code, weights[code], predicted - float(model.predict([without(patient, code)])[0])) for code in seen
    )
    return Table(
        title=f"What the fusion network weighed, without control ({len(rows)} of {len(weights)} modalities)",
        suffix="stats",
        entities={"desc": "reasons"},
        datatype="beh",
        columns=OF_MODALITIES,
        rows=rows,
    )


def reason_table(patient: Patient, trained: Trained) -> Table | None:
    """Give what moved the prediction, and how each feature goes with it.

    A contribution says what the model did, not what the brain does: a feature that merely cancels noise of
    another has one, too (Haufe et al. 2014, doi:10.1016/j.neuroimage.2013.10.067). The pattern beside it,
    where the bundle has one, tells these apart.

    Returns
    -------
    Table
        ``None`` for a model that is no sum and has no modalities, and where contributions did not pass their
        control (:mod:`bidsapp.analyses.coma.control`); :func:`why_no_reasons` says so.
    """
    model = trained.model
    if isinstance(model, Fusion):
        return modality_table(patient, model)
    passed, sentence = stored_control(trained.facts)
    if not isinstance(model, Linear) or trained.options.kind == "outcome" or not passed:
        return None
    names = list(model.weights)
    columns = model.columns([patient])[0]
    parts = np.array([model.weights[name] for name in names]) * columns
    order = np.argsort(-np.abs(parts), kind="stable")
    patterns = trained.patterns
    rows = tuple(
        (names[place], float(parts[place]), *([patterns[names[place]]] if patterns else []))
        for place in order
        if parts[place]
    )
    return Table(
        title=f"What moved the prediction, most first ({len(rows)} of {len(names)} features)",
        suffix="stats",
        entities={"desc": "reasons"},
        datatype="beh",
        columns=(
            Column(name="feature", description="What was measured in this patient"),
            Column(
                name="contribution",
                description="What it adds to the prediction; all features and the mean add up to it. "
                + sentence,
                unit="points",
            ),
            *([OF_PATTERNS] if patterns else []),
        ),
        rows=rows,
        display="reasons",
    )


def why_no_reasons(trained: Trained) -> str:
    """Say why contributions are not shown; empty where they are, or where the model has none."""
    passed, sentence = stored_control(trained.facts)
    if passed or not isinstance(trained.model, Linear) or trained.options.kind == "outcome":
        return ""
    return f"What moved the prediction is not shown. {sentence}"
