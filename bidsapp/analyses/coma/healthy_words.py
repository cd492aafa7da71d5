"""What a bundle, its card and a report say of healthy controls: who is refused, and how often wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from bidsapp.analyses.coma.healthy_parts import complete
from bidsapp.findings import Score

if TYPE_CHECKING:
    from bidsapp.analyses.coma.healthy import Guard
    from bidsapp.analyses.coma.healthy_measured import Separation
    from bidsapp.analyses.coma.options import Options
    from bidsapp.analyses.coma.rows import Rows
    from bidsapp.learning.discrimination import Estimate

Facts = Mapping[str, object]
KEY = "healthy_controls"
"""Key of the metadata; ``None`` there, or no key, where the cohort had no controls."""


def controls_facts(rows: Rows, guard: Guard, separation: Separation, options: Options) -> dict[str, object]:
    """Give what the metadata say of a guard; people are those who have all that it reads."""
    controls = complete(rows.controls, guard.keys)
    return {
        "people": len({control.subject for control in controls}),
        "sessions": len(controls),
        "patients": len({patient.subject for patient in complete(rows.patients, guard.keys)}),
        "reads": list(guard.keys),
        "auc": _ends(separation.auc),
        "limit": guard.limit(options.healthy_alpha),
        "refused_controls": _ends(separation.controls),
        "refused_patients": _ends(separation.patients),
        "used": separation.told,
    }


def refusal(p: float, metadata: Facts) -> str:
    """Say why somebody who looks healthy gets no score."""
    facts = cast("Facts", metadata[KEY])
    return (
        f"the images and signals cannot be told from those of {facts['people']} healthy controls (a patient "
        f"of the cohort looks as healthy with p = {p:.3f}; at {facts['limit']:.2g} or less no score is "
        f"given, which refused {_rates(facts)}, left out)"
    )


def healthy_score(p: float | None, metadata: Facts) -> tuple[Score, ...]:
    """Give the p of a patient to look as healthy, where it is known."""
    if p is None:
        return ()
    facts = cast("Facts", metadata[KEY])
    about = (
        "Share of training patients who look as healthy as this patient, among "
        f"{facts['people']} healthy controls; at {facts['limit']:.2g} or less no score is given."
    )
    return (Score(name="as_healthy_p", value=p, description=about, limits=(0.0, 1.0)),)


def methods_sentence(metadata: Facts) -> str:
    """Say how healthy people are told, for the methods paragraph; empty where the cohort had no controls."""
    facts = metadata.get(KEY)
    if not isinstance(facts, Mapping):
        return ""
    if not facts["used"]:
        return f" {_not_used(facts)}"
    return (
        f" Nor does somebody get one who cannot be told from {facts['people']} healthy controls by linear "
        f"models of {_read(facts)} (cross-conformal p; Vovk, 2015, Ann Math Artif Intell 74:9); who lacks "
        "one of these is not compared."
    )


def card_section(metadata: Facts) -> str:
    """Write the section of the model card (Markdown); empty where the cohort had no controls."""
    facts = metadata.get(KEY)
    if not isinstance(facts, Mapping):
        return ""
    said = _not_used(facts)
    if facts["used"]:
        said = (
            f"Who cannot be told from them gets no score (p of {facts['limit']:.2g} or less). On people left "
            f"out of models and limit this refuses {_rates(facts)}; AUC {_auc(facts)}."
        )
    return (
        f"## Healthy controls\n\n{facts['people']} people, {facts['sessions']} sessions, and "
        f"{facts['patients']} patients have all that is read: {_read(facts)}. Who lacks one of these is not "
        f"compared. {said} What differs between the groups besides "
        "disease (scanner, age, motion, sedation) is told as well.\n\n"
    )


def _not_used(facts: Facts) -> str:
    return (
        f"Left-out patients could not be told from the cohort's {facts['people']} healthy controls better "
        f"than by chance (AUC {_auc(facts)}): nobody is refused for looking healthy."
    )


def _read(facts: Facts) -> str:
    return ", ".join(cast("list[str]", facts["reads"]))


def _rates(facts: Facts) -> str:
    return (
        f"{_share(facts['refused_controls'])} of controls and {_share(facts['refused_patients'])} of patients"
    )


def _share(ends: object) -> str:
    value, low, high = cast("list[float]", ends)
    return f"{value:.0%} ({low:.0%} to {high:.0%})"


def _auc(facts: Facts) -> str:
    value, low, high = cast("list[float]", facts["auc"])
    return f"{value:.2f}, 95 % interval {low:.2f} to {high:.2f}"


def _ends(estimate: Estimate) -> list[float]:
    return [estimate.value, estimate.low, estimate.high]
