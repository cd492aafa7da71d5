"""What a clinician reads: the summary, the scores, the warnings and the methods paragraph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from bidsapp.analyses.coma.doubt import BASELINE
from bidsapp.analyses.coma.healthy_words import healthy_score, methods_sentence
from bidsapp.analyses.coma.interval_words import how_intervals_are_made, meaning_of_interval
from bidsapp.analyses.coma.missing import what_is_missing
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.reasons import why_no_reasons
from bidsapp.analyses.coma.rows import label_of
from bidsapp.analyses.coma.tables import meaning_of_confidence, task_of
from bidsapp.analyses.coma.trained import Trained
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.findings import Score

if TYPE_CHECKING:
    from bidsapp.analyses.coma.predict import Prediction

_FEW = 100
_EXTREME = 3.0
_SCALES = {"crsr": "CRS-R", "nihss": "NIHSS", "gos": "GOS", "gose": "GOS-E"}


def spoken(target: str) -> str:
    """Give the name that clinicians know a column's scale by; of other columns their own.

    >>> spoken("crs_r"), spoken("recovered")
    ('CRS-R', 'recovered')
    """
    return _SCALES.get(task_of(target), target)


def title(trained: Trained) -> str:
    """Give the heading, which says so where the model learned from simulated patients."""
    return f"{_simulated(trained)}Prediction of {spoken(trained.target)}"


def _simulated(trained: Trained) -> str:
    return "SIMULATED: " if trained.facts.get("simulated") else ""


def summary(found: Prediction, trained: Trained) -> str:
    """Say the score with its interval, and what would be said of a patient of whom nothing is known."""
    return _simulated(trained) + _summary(found, trained)


def _summary(found: Prediction, trained: Trained) -> str:
    if found.value is None:
        return f"No {spoken(trained.target)} is given: {found.withheld}. {_of_nobody(trained)}"
    if trained.options.kind == "outcome":
        return f"Probability of '{spoken(trained.target)}': {found.value:.0%}. {_of_nobody(trained)}"
    low, high = found.interval or trained.options.limits
    return (
        f"Predicted {spoken(trained.target)}: {found.value:.1f}, between {low:.1f} and {high:.1f} "
        f"({trained.options.level:.0%} interval). {_of_nobody(trained)} "
        f"{_worth(trained)}"
    )


def _of_nobody(trained: Trained) -> str:
    """Say what the training patients' labels alone tell."""
    plain = cast("Mapping[str, float]", trained.facts["unconditional"])
    said = (
        f"{plain['value']:.0%}, the share among {trained.facts['patients']} patients"
        if trained.options.kind == "outcome"
        else f"{plain['value']:.1f}, between {plain['low']:.1f} and {plain['high']:.1f}"
    )
    return f"Of a patient of whom nothing is known one would say {said}."


def _worth(trained: Trained) -> str:
    """Compare the model's left-out error with that of the baseline."""
    compared = cast("Mapping[str, Mapping[str, list[float]]]", trained.facts["compared"])
    name = trained.model.name
    if name == BASELINE:
        better = "" if trained.facts["best"] == BASELINE else " by more than one standard error"
        return f"No model was better than the median of the training patients{better}, so this is the median."
    own, baseline = compared[name]["mae"][0], compared["median"]["mae"][0]
    return (
        f"On left-out patients the model is off by {own:.1f} points on average; always saying the median, by "
        f"{baseline:.1f}."
    )


def scores(found: Prediction, trained: Trained) -> tuple[Score, ...]:
    """Give the prediction, its probabilities and how like the cohort the patient is."""
    options = trained.options
    quantiles = cast("list[float]", trained.facts["target_quantiles"])
    meaning = meaning_of_confidence(options)
    main = Score(
        name=f"predicted_{trained.target}",
        value=found.value,
        description=f"Confidence: {meaning[0].lower()}{meaning[1:]}."
        + (" Reference: the training patients." if options.kind == "score" else ""),
        interval=found.interval,
        interval_meaning=meaning_of_interval(options, trained.facts),
        confidence=found.confidence,
        reference=(quantiles[0], quantiles[1], quantiles[2]) if options.kind == "score" else None,
        limits=options.limits,
    )
    rest = []
    if found.at_least is not None:
        rest.append(
            Score(
                name=f"probability_of_{options.cut:g}_or_more",
                value=found.at_least,
                description=f"Probability that {spoken(trained.target)} is {options.cut:g} or more.",
                limits=(0.0, 1.0),
            )
        )
    for name, value in (found.categories or {}).items():
        held = "in" if name in found.likely else "not in"
        rest.append(
            Score(
                name=f"probability_of_{name}",
                value=value,
                description=f"{name} is {held} the set that holds the truth with {options.level:.0%}.",
                limits=(0.0, 1.0),
            )
        )
    if found.judgement is not None:
        rest.append(
            Score(
                name="likeness_p",
                value=found.judgement.p,
                description="Share of training patients that lie as far from the others as this patient; at "
                f"{trained.doubt.refused_at(options):.2g} or less no score is given.",
                limits=(0.0, 1.0),
            )
        )
    return (main, *rest, *healthy_score(found.healthy_p, trained.facts))


def observed(member: Member, target: str, options: Options) -> tuple[Score, ...]:
    """Give what the dataset's tables say of the target, for the group level; mostly they say nothing."""
    if target not in member.covariates:
        return ()
    value: float | None = None
    try:
        value = label_of(member, target, options)
        about = (
            f"Column '{target}' of the dataset's tables. Whether the model learned from this patient is not "
            "known: the bundle stores no names."
        )
    except BadDataError as error:
        about = str(error)
    return (Score(name=f"observed_{target}", value=value, description=about, limits=options.limits),)


def warnings(found: Prediction, trained: Trained, patient: Patient) -> tuple[str, ...]:
    """Say what must be known before the score is read."""
    said = [*cast("list[str]", trained.facts.get("notes", []))]
    patients = int(cast("int", trained.facts["patients"]))
    if found.value is None:
        return tuple(said)
    if patients < _FEW:
        said.append(f"The model learned from {patients} patients; another hospital's may differ.")
    if found.judgement is not None and abs(found.judgement.z) > _EXTREME:
        said.append(found.judgement.reason)
    said += what_is_missing(patient, trained)
    unexplained = why_no_reasons(trained)
    return (*said, unexplained) if unexplained else tuple(said)


def methods(trained: Trained) -> str:
    """Write the methods paragraph."""
    facts = trained.facts
    models = len(cast("Mapping[str, object]", facts["compared"])) - 1
    simplest = f"the simplest of {models} models within one standard error of the best one"
    why = facts.get("taken_because", simplest)
    unlike = (
        ""
        if trained.doubt.reference is None
        else " A patient is refused a score by a conformal p of the distance from the training patients."
    )
    return (
        f"{_simulated(trained)}{spoken(trained.target)} was predicted by the model "
        f"'{facts['model_title']}' (bundle {trained.bundle.name} {trained.bundle.version}), "
        f"{why} (cross-validation by patient, {facts['patients']} patients). "
        f"{how_intervals_are_made(trained.options, facts)}{unlike}{methods_sentence(facts)} For research use "
        "only."
    )
