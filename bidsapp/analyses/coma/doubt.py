"""What goes with a score: its interval, probabilities, and whether the patient is like the cohort."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.emptiness import showing
from bidsapp.analyses.coma.features.protocol import Arrays, below, pack_names, prefixed, unpack_names
from bidsapp.analyses.coma.features.signs import Signs
from bidsapp.analyses.coma.features.table import Table
from bidsapp.analyses.coma.models.median import Median
from bidsapp.analyses.coma.models.protocol import Model, predict_one
from bidsapp.analyses.coma.models.registry import models_with
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient, subjects_of
from bidsapp.analyses.coma.rows import Rows
from bidsapp.learning.confidence.by_score import INTERVALS
from bidsapp.learning.confidence.categories import CategoryModel, fit_categories
from bidsapp.learning.confidence.cross_fit import cross_fit
from bidsapp.learning.confidence.interval import CrossState, Interval, unconditional_interval
from bidsapp.learning.confidence.ordinal_sets import calibrate_sets
from bidsapp.learning.confidence.reference import Judgement, ReferenceCohort, fit_reference, judge

BASELINE = Median().name
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Doubt:
    """The models of the folds with their left-out errors, and the cohort as a reference.

    Attributes
    ----------
    models
        One for each fold.
    state
        Of the intervals.
    error
        Truth less left-out prediction of each row, shape (rows,).
    categories, limit
        Probabilities of categories, and which belong to the set; ``None`` where the cohort has none.
    table, reference
        Columns of a patient's images and signals, and where the cohort lies among them; ``None`` where the
        cohort has neither images nor signals.
    """

    models: tuple[Model, ...]
    state: CrossState
    error: Values
    categories: CategoryModel | None
    limit: float
    table: Table
    reference: ReferenceCohort | None

    def predict(self, patient: Patient) -> Values:
        """Give the prediction of each fold's model, shape (models,).

        Raises
        ------
        BadDataError
            One is no finite number.
        """
        return np.array([predict_one(model, patient) for model in self.models])

    def interval(self, predicted: Values, options: Options) -> Interval:
        """Give the interval of one patient from the predictions of the folds' models, as the recipe names it.

        The median looks at no patient: its interval is that of the training scores themselves.
        """
        miss, (low, high) = 1 - options.level, options.limits
        if self.models[0].name == BASELINE:
            return unconditional_interval(self.state.label, 1, miss=miss, lowest=low, highest=high)
        rule = INTERVALS[options.interval]
        return rule(self.state, predicted[:, None], miss=miss, lowest=low, highest=high)

    def judge(self, patient: Patient, options: Options) -> Judgement | None:
        """Say whether a patient is like the cohort; ``None`` where there is nothing to judge by."""
        if self.reference is None:
            return None
        return judge(self.reference, self.table.values([patient])[0], limit=self.refused_at(options))

    def refused_at(self, options: Options) -> float:
        """Give the p at which a patient is refused; 0 where there is nothing to judge by."""
        return 0.0 if self.reference is None else limit_of(self.reference, options)

    def arrays(self) -> dict[str, dict[str, NDArray[np.generic]]]:
        """Give the files of a bundle and their arrays."""
        own: dict[str, NDArray[np.generic]] = {
            "fold": self.state.fold,
            "residual": self.state.residual,
            "least": self.state.least,
            "error": self.error,
            "target": self.state.label,
        }
        if self.categories is not None:
            own |= {
                "slope": np.array([self.categories.slope]),
                "cuts": self.categories.cuts,
                "limit": np.array([self.limit]),
            }
        files = {f"fold_{number}": dict(model.arrays()) for number, model in enumerate(self.models)}
        files["doubt"] = own
        if self.reference is not None:
            files["reference"] = {**prefixed("table", self.table.arrays()), **_stored(self.reference)}
        return files

    @classmethod
    def restore(cls, make: Callable[[], Model], files: Mapping[str, Arrays]) -> Doubt:
        """Take what :meth:`arrays` gave; ``make`` gives a fresh model."""
        own = files["doubt"]
        count = sum(key.startswith("fold_") for key in files)
        state = CrossState(
            fold=own["fold"].astype(np.intp),
            residual=_floats(own["residual"]),
            least=_floats(own["least"]),
            label=_floats(own["target"]),
        )
        table, reference = _table(), None
        if "reference" in files:
            table.restore(below("table", files["reference"]))
            reference = _restored(files["reference"])
        return cls(
            models=tuple(make().restore(files[f"fold_{number}"]) for number in range(count)),
            state=state,
            error=_floats(own["error"]),
            categories=CategoryModel(float(own["slope"][0]), _floats(own["cuts"]))
            if "slope" in own
            else None,
            limit=float(own["limit"][0]) if "limit" in own else 1.0,
            table=table,
            reference=reference,
        )


def fit_doubt(rows: Rows, name: str, options: Options, *, seed: int) -> Doubt:
    """Fit the folds' models of the model that was chosen, and describe the cohort."""
    make = models_with(options.learning)[name]
    crossed = cross_fit(make, rows.patients, rows.target, rows.groups, folds=options.folds, seed=seed)
    categories, limit = None, 1.0
    if rows.categories.size:
        categories = fit_categories(crossed.left_out, rows.categories, len(options.categories))
        probabilities = categories.probabilities(crossed.left_out)
        limit = calibrate_sets(probabilities, rows.categories, miss=1 - options.level)
    table, reference = describe_cohort(rows.patients, options)
    return Doubt(
        models=cast("tuple[Model, ...]", crossed.models),
        state=crossed.state,
        error=rows.target - crossed.left_out,
        categories=categories,
        limit=limit,
        table=table,
        reference=reference,
    )


def _table() -> Table:
    """Give the few numbers that patients are judged by; by hundreds, noise would hide what is strange."""
    return Table([Signs()])


def describe_cohort(patients: Sequence[Patient], options: Options) -> tuple[Table, ReferenceCohort | None]:
    """Describe the cohort by those whose data show a brain: noise in the cohort would let noise pass.

    Returns
    -------
    table, reference
        Columns that a patient is judged by, and where the cohort lies among them; ``None`` where the cohort
        has neither images nor signals.
    """
    patients = showing(patients)
    table = _table().fit(patients)
    values = table.values(patients)
    varies = values.std(axis=0) > 0
    if not options.reference_alpha or not varies.any():
        return table, None
    groups = subjects_of(patients)
    limit = _limit(len(set(groups)), options)
    return table, fit_reference(values, table.names, groups, limit=limit)


def limit_of(reference: ReferenceCohort, options: Options) -> float:
    """Give the p at which a patient is refused."""
    return _limit(reference.subjects, options)


def _limit(subjects: int, options: Options) -> float:
    """Give the p at which a patient is refused; a small cohort knows none below 1 / (subjects + 1)."""
    return max(options.reference_alpha, 1 / (subjects + 1))


def _stored(reference: ReferenceCohort) -> dict[str, NDArray[np.generic]]:
    return {
        "names": pack_names(reference.names),
        "centre": reference.centre,
        "spread": reference.spread,
        "standard": reference.standard,
        "left_out": reference.left_out,
        "subject": reference.subject,
    }


def _restored(arrays: Arrays) -> ReferenceCohort:
    """Take what :func:`_stored` gave; of a bundle that does not tell subjects, each row is its own."""
    left_out = _floats(arrays["left_out"])
    return ReferenceCohort(
        names=unpack_names(arrays["names"]),
        centre=_floats(arrays["centre"]),
        spread=_floats(arrays["spread"]),
        standard=_floats(arrays["standard"]),
        left_out=left_out,
        subject=np.asarray(arrays.get("subject", np.arange(len(left_out))), dtype=np.intp),
    )


def _floats(array: NDArray[np.generic]) -> Values:
    return np.asarray(array, dtype=np.float64)
