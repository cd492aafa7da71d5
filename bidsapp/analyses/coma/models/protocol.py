"""What a model of the coma analysis is: the median and a fusion network answer the same four calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.patient import Patient
from bidsapp.errors import BadDataError


class Model(Protocol):
    """Predicts a number of a patient: a score, or the probability of an outcome.

    Whatever it needs to learn (scaling, selection of features, penalties) it learns in :meth:`fit`, from the
    patients given and no other. A patient may lack any part; a model says in its docstring what it does then.

    Attributes
    ----------
    name, title
        Machine name, and what tables call it.
    """

    name: str
    title: str

    def fit(self, patients: Sequence[Patient], target: NDArray[np.float64]) -> Self:
        """Learn from patients and their targets, shape (patients,); a target in 0, 1 is an outcome."""
        ...

    def predict(self, patients: Sequence[Patient]) -> NDArray[np.float64]:
        """Give the expected score, or the probability of the outcome, shape (patients,)."""
        ...

    def arrays(self) -> Mapping[str, NDArray[np.generic]]:
        """Give all that was learned, for a bundle."""
        ...

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """Take what :meth:`arrays` of a model with the same settings gave."""
        ...


def predict_one(model: Model, patient: Patient) -> float:
    """Give the prediction of one patient.

    Raises
    ------
    BadDataError
        It is no finite number: something of the patient is none, and no report may show it as a score.
    """
    predicted = float(model.predict([patient])[0])
    if not np.isfinite(predicted):
        raise BadDataError(
            f"sub-{patient.subject}: the model '{model.title}' gives {predicted:g}; look for values in the "
            "patient's images and tables that are no numbers, and preprocess the patient again."
        )
    return predicted
