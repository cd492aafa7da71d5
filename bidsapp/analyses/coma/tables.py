"""Tables of the coma analysis: the prediction as BIDS keeps it, and what models were worth in training."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from bidsapp.analyses.coma.card import write_ends
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.trained import Trained
from bidsapp.findings import Cell, Column, Table

if TYPE_CHECKING:
    from bidsapp.analyses.coma.predict import Prediction

_MEASURES: Mapping[str, str] = {
    "mae": "Mean absolute error in points",
    "r2": "Share of the variance that is predicted; below 0 is worse than the mean",
    "spearman": "Rank correlation of predicted and observed",
    "weighted_kappa": "Agreement by quadratic weights; 0 is chance",
    "auc": "Area under the curve; 0.5 is chance",
    "brier": "Mean squared error of the probability",
    "calibration_slope": "Slope of the calibration; 1 is ideal",
}


def prediction_table(found: Prediction, trained: Trained) -> Table:
    """Give the one row of ``beh/``: score, interval, confidence, probabilities."""
    options = trained.options
    outcome = options.kind == "outcome"
    interval = "range over the models of the folds" if outcome else "interval"
    columns = [
        Column(
            name=f"predicted_{trained.target}",
            description="Predicted probability" if outcome else "Predicted score",
        ),
        Column(name="lower", description=f"Lower end of the {interval}"),
        Column(name="upper", description=f"Upper end of the {interval}"),
        *([] if outcome else [Column(name="level", description="Coverage that the interval promises")]),
        Column(name="confidence", description=meaning_of_confidence(options)),
    ]
    low, high = found.interval or (None, None)
    row: list[Cell] = [found.value, low, high, *([] if outcome else [options.level]), found.confidence]
    if found.at_least is not None:
        columns.append(
            Column(name="probability_of_cut", description=f"Probability of {options.cut:g} or more")
        )
        row.append(found.at_least)
    for name, value in (found.categories or {}).items():
        columns.append(Column(name=f"probability_of_{name}", description=f"Probability of {name}"))
        row.append(value)
    return Table(
        title="Prediction",
        suffix="beh",
        entities={"task": task_of(trained.target), "desc": "predicted"},
        datatype="beh",
        columns=tuple(columns),
        rows=(tuple(row),),
    )


def meaning_of_confidence(options: Options) -> str:
    """Say of what the confidence is the probability."""
    if options.kind == "outcome":
        return "Probability of the likelier answer"
    return f"Probability that the truth is within {options.near:g} points"


def task_of(target: str) -> str:
    """Make a BIDS label of a column's name.

    >>> task_of("crs_r")
    'crsr'
    """
    return re.sub(r"[^0-9A-Za-z]", "", target).lower()


def comparison_table(trained: Trained) -> Table:
    """Give what the baseline, the chosen model and the whole procedure were worth on left-out patients."""
    compared = cast("Mapping[str, Mapping[str, object]]", trained.facts["compared"])
    shown = [name for name in compared if name in {"median", trained.model.name, "chosen"}]
    keys = [key for key in compared[shown[0]] if key != "title"]
    rows = tuple(
        (str(compared[name]["title"]), *(write_ends(compared[name][key]) for key in keys)) for name in shown
    )
    return Table(
        title=f"What the model was worth on {trained.facts['patients']} left-out patients",
        suffix="stats",
        entities={"desc": "models"},
        datatype="beh",
        columns=(
            Column(name="model", description="Model"),
            *(
                Column(
                    name=key, description=f"{_MEASURES.get(key, key)}, and its 95 % interval over patients"
                )
                for key in keys
            ),
        ),
        rows=rows,
    )
