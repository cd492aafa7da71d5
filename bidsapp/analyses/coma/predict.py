"""Says the score of one patient, how sure it is, what it was read from, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.emptiness import nothing_in
from bidsapp.analyses.coma.encoding import encode
from bidsapp.analyses.coma.healthy_words import refusal
from bidsapp.analyses.coma.models.protocol import predict_one
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.reasons import reason_table
from bidsapp.analyses.coma.rows import visible
from bidsapp.analyses.coma.tables import comparison_table, prediction_table
from bidsapp.analyses.coma.trained import Trained, read_trained
from bidsapp.analyses.coma.words import methods, observed, scores, summary, title, warnings
from bidsapp.bundle import Bundle
from bidsapp.cohort import Member
from bidsapp.findings import Findings
from bidsapp.learning.confidence.ordinal_sets import category_sets
from bidsapp.learning.confidence.predictive import predictive_sample, share_of_sample
from bidsapp.learning.confidence.reference import Judgement


@dataclass(frozen=True, eq=False)
class Prediction:
    """What is said of a patient.

    Attributes
    ----------
    value
        Score, or probability of the outcome; ``None`` where none is given.
    interval
        Of the score; the range over the folds' models of a probability.
    confidence
        Probability that the truth is as near as the recipe's ``near``; of an outcome, of the likelier answer.
    at_least
        Probability of the recipe's ``cut`` or more; ``None`` of an outcome.
    categories
        Probability of each category, by name; empty where the cohort had none.
    likely
        The categories of the conformal set.
    judgement
        Whether the patient is like the cohort.
    healthy_p
        Chance of a patient of the cohort to look as healthy; ``None`` where the cohort had no controls.
    withheld
        Why no score is given; empty where one is.
    """

    value: float | None = None
    interval: tuple[float, float] | None = None
    confidence: float | None = None
    at_least: float | None = None
    categories: Mapping[str, float] | None = None
    likely: tuple[str, ...] = ()
    judgement: Judgement | None = None
    healthy_p: float | None = None
    withheld: str = ""


def predict(member: Member, bundle: Bundle) -> Findings:
    """Score a patient; see :meth:`bidsapp.analyses.protocol.Analysis.predict`.

    Raises
    ------
    BadDataError
        A volume or table is damaged, or the bundle is of another version.
    """
    trained = read_trained(bundle)
    member, remarks = comparable(member, bundle)
    patient = visible(encode(member, atlas=trained.options.atlas, volumes=trained.volumes), trained.options)
    found = judge_patient(patient, trained)
    tables = [prediction_table(found, trained)] if found.value is not None else []
    reasons = reason_table(patient, trained) if found.value is not None else None
    return Findings(
        analysis="coma",
        title=title(trained),
        subject=member.subject,
        session=member.session,
        summary=summary(found, trained),
        scores=(*scores(found, trained), *observed(member, trained.target, trained.options)),
        tables=(*tables, *([reasons] if reasons else []), comparison_table(trained)),
        warnings=(*warnings(found, trained, patient), *remarks),
        provenance={"bundle": bundle.name, "bundle_version": bundle.version, "bundle_sha256": bundle.digest},
        methods=methods(trained),
    )


def comparable(member: Member, bundle: Bundle) -> tuple[Member, tuple[str, ...]]:
    """Leave only what other analyses found with the bundles of the training; say of the rest why not."""
    read = bundle.reads_regions_of
    kept = {key: own for key, own in member.regions.items() if read.get(key) == own.bundle}
    remarks = tuple(
        f"What the analysis {key} found in each region was not read: it used another bundle than in the "
        "training patients; run it with that one."
        for key in member.regions
        if key in read and key not in kept
    )
    return replace(member, regions=kept), remarks


def judge_patient(patient: Patient, trained: Trained) -> Prediction:
    """Predict a patient, or say why not: something is missing, or looks unlike the cohort, or healthy.

    Raises
    ------
    BadDataError
        The model, or that of a fold, gives no finite number.
    """
    found = _refused(patient, trained)
    return found if found.withheld else _scored(patient, trained, found)


def _refused(patient: Patient, trained: Trained) -> Prediction:
    """Give why there is no score, if so, and how like the cohort and how healthy the patient looks."""
    lacking = trained.lacking(patient)
    if lacking:
        return Prediction(withheld=lacking)
    nothing = nothing_in(patient)
    if nothing:
        return Prediction(withheld=nothing)
    judgement = trained.doubt.judge(patient, trained.options)
    if judgement is not None and judgement.outside:
        return Prediction(judgement=judgement, withheld=judgement.reason.rstrip("."))
    if trained.guard is None:
        return Prediction(judgement=judgement)
    p = trained.guard.p(patient)
    if p is not None and p <= trained.guard.limit(trained.options.healthy_alpha):
        return Prediction(judgement=judgement, healthy_p=p, withheld=refusal(p, trained.facts))
    return Prediction(judgement=judgement, healthy_p=p)


def _scored(patient: Patient, trained: Trained, found: Prediction) -> Prediction:
    """Add the score and its doubt."""
    low, high = trained.options.limits
    value = float(np.clip(predict_one(trained.model, patient), low, high))
    folds = trained.doubt.predict(patient)
    if trained.options.kind == "outcome":
        ends = (float(folds.min()), float(folds.max()))
        return replace(found, value=value, interval=ends, confidence=max(value, 1 - value))
    interval = trained.doubt.interval(folds, trained.options)
    sample = predictive_sample(folds, trained.doubt.error, trained.doubt.state.fold, lowest=low, highest=high)
    categories, likely = _categories(float(folds.mean()), trained)
    return replace(
        found,
        value=value,
        interval=(float(interval.low[0]), float(interval.high[0])),
        confidence=share_of_sample(_as_numbers(np.abs(sample - value) <= trained.options.near)),
        at_least=share_of_sample(_as_numbers(np.rint(sample) >= trained.options.cut)),
        categories=categories,
        likely=likely,
    )


def _categories(predicted: float, trained: Trained) -> tuple[dict[str, float] | None, tuple[str, ...]]:
    model = trained.doubt.categories
    if model is None:
        return None, ()
    probabilities = model.probabilities(np.array([predicted]))
    names = trained.options.categories
    inside = category_sets(probabilities, trained.doubt.limit)[0]
    likely = tuple(name for name, held in zip(names, inside, strict=True) if held)
    return dict(zip(names, probabilities[0].tolist(), strict=True)), likely


def _as_numbers(inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    return inside.astype(np.float64)
