"""Compares all models on a cohort, takes the simplest that is as good as the best, and writes its bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma import more_patients
from bidsapp.analyses.coma.card import LICENCE, bundle_metadata, model_card
from bidsapp.analyses.coma.comparison import compare
from bidsapp.analyses.coma.control import control_reasons
from bidsapp.analyses.coma.doubt import BASELINE, fit_doubt
from bidsapp.analyses.coma.feasible import check_cohort
from bidsapp.analyses.coma.healthy import HEALTHY, fit_guard
from bidsapp.analyses.coma.healthy_measured import measure_guard
from bidsapp.analyses.coma.healthy_parts import shared
from bidsapp.analyses.coma.healthy_words import KEY, controls_facts
from bidsapp.analyses.coma.models.registry import models_with
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patterns import PATTERNS, haufe_of, pack_patterns
from bidsapp.analyses.coma.rows import Rows, read_rows
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort
from bidsapp.errors import UsageError
from bidsapp.explain.checks import Check
from bidsapp.learning.confidence.by_score import INTERVALS
from bidsapp.learning.confidence.coverage import Coverage, measure_coverage
from bidsapp.learning.confidence.cross_fit import left_out_intervals
from bidsapp.learning.confidence.interval import Interval, unconditional_interval
from bidsapp.recipe import Recipe


@dataclass(frozen=True)
class Source:
    """Where a cohort comes from.

    Attributes
    ----------
    name
        Of the bundle.
    data, licence, notes
        Whose data, under which licence, and what else there is to say.
    take
        Model that is taken whatever the comparison says; by default the simplest good one.
    changes
        What each version of the bundle brought, by version; the last one is this one's.
    simulated
        Whether nobody of the cohort is a person; all that is said with such a bundle says so.
    """

    name: str
    data: str
    licence: str = LICENCE
    notes: tuple[str, ...] = ()
    take: str = ""
    changes: Mapping[str, str] = field(default_factory=lambda: {"0.1.0": "first"})
    simulated: bool = False


def train(cohort: Cohort, recipe: Recipe, path: Path, *, seed: int = 0, target: str = "") -> Bundle:
    """Fit and write the bundle of a cohort.

    Parameters
    ----------
    cohort
        Preprocessed sessions with the label among their covariates, and healthy controls, if there are any.
    recipe
        See ``bidsapp/data/recipes/coma.toml``.
    path
        Folder of the bundle.
    seed
        Of folds, permutations and resamples.
    target
        Column of the label.

    Raises
    ------
    UsageError
        No column was named.
    BadDataError
        Too few patients or controls, a label out of range, or one that leaks.
    """
    if not target:
        raise UsageError("Training of coma needs --target; name the column of the score or outcome.")
    options = Options.of(recipe)
    rows = read_rows(cohort, target, options)
    data = f"{rows.subjects} patients of the user's own cohort"
    source = Source(f"coma-{target.lower()}", data, notes=cohort.notes)
    return fit_bundle(rows, recipe, path, seed=seed, source=source)


def fit_bundle(rows: Rows, recipe: Recipe, path: Path, *, seed: int, source: Source) -> Bundle:
    """Compare, choose, fit on everybody, and write; parameters as in :func:`train`."""
    options = Options.of(recipe)
    check_cohort(rows, options, seed=seed, choosing=not source.take)
    compared = compare(rows, options, seed=seed, take=source.take)
    name = compared.choice.name
    model = models_with(options.learning)[name]().fit(rows.patients, rows.target)
    doubt = fit_doubt(rows, name, options, seed=seed)
    coverage = {} if options.kind == "outcome" else cover(rows, name, options, seed=seed)
    metadata = bundle_metadata(rows, recipe, compared, coverage, source=source)
    metadata[more_patients.KEY] = more_patients.error_by_patients(rows, name, options, seed=seed)
    metadata[KEY], guard = _guard(rows, options, seed=seed)
    control = _control(rows, name, options, seed=seed)
    metadata["reasons_control"] = None if control is None else asdict(control)
    tensors: dict[str, Mapping[str, NDArray[np.generic]]] = {
        "model": model.arrays(),
        **doubt.arrays(),
        **guard,
    }
    if control is not None and control.passed:
        tensors[PATTERNS] = pack_patterns(haufe_of(model, rows.patients))
    return Bundle.write(
        path, metadata=metadata, tensors=tensors, card=model_card(metadata), licence=source.licence
    )


def _guard(
    rows: Rows, options: Options, *, seed: int
) -> tuple[dict[str, object] | None, dict[str, Mapping[str, NDArray[np.generic]]]]:
    """Give what is said of the controls, and the file of the guard if patients can be told from them."""
    if not rows.controls:
        return None, {}
    people = rows.patients, rows.controls
    keys = shared(*people)
    guard = fit_guard(*people, keys, seed=seed)
    separation = measure_guard(
        *people, keys, alpha=options.healthy_alpha, resamples=options.resamples, seed=seed
    )
    facts = controls_facts(rows, guard, separation, options)
    return facts, {HEALTHY: guard.arrays()} if separation.told else {}


def _control(rows: Rows, name: str, options: Options, *, seed: int) -> Check | None:
    """Control the contributions of a model of a score; ``None`` where it has none in points."""
    if options.kind == "outcome":
        return None
    make = models_with(options.learning)[name]
    return control_reasons(make, rows.patients, rows.target, rows.groups, seed=seed)


def cover(rows: Rows, name: str, options: Options, *, seed: int) -> dict[str, Coverage]:
    """Measure on left-out patients how often intervals hold the truth: of all, and of each third."""
    from bidsapp.learning.validation.splits import repeated_folds

    low, high = options.limits
    outer = repeated_folds(rows.target, rows.groups, folds=options.folds, seed=seed + 1)[0]
    if name == BASELINE:
        return measure_coverage(rows.target, _of_scores_alone(rows, outer, options), rows.groups)
    interval = left_out_intervals(
        models_with(options.learning)[name],
        rows.patients,
        rows.target,
        rows.groups,
        outer,
        folds=options.folds,
        rule=INTERVALS[options.interval],
        miss=1 - options.level,
        lowest=low,
        highest=high,
        seed=seed,
    )
    return measure_coverage(rows.target, interval, rows.groups)


def _of_scores_alone(rows: Rows, outer: NDArray[np.intp], options: Options) -> Interval:
    """Give every patient the interval of the other folds' scores."""
    low, high = options.limits
    ends = np.empty((2, rows.target.size))
    for fold in range(int(outer.max()) + 1):
        others = rows.target[outer != fold]
        own = unconditional_interval(others, 1, miss=1 - options.level, lowest=low, highest=high)
        ends[0, outer == fold], ends[1, outer == fold] = own.low[0], own.high[0]
    return Interval(ends[0], ends[1])
