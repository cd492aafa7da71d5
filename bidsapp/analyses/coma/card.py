"""What the bundle of a coma model says of itself: metadata, model card, licence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from bidsapp.analyses.coma.healthy_words import card_section
from bidsapp.analyses.coma.interval_words import counted, how_intervals_are_made
from bidsapp.analyses.coma.models.registry import MODELS
from bidsapp.analyses.coma.models.sparse_scale import is_sparse
from bidsapp.analyses.coma.more_patients import card_sentence
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import ANOMALY
from bidsapp.learning.confidence.interval import unconditional_interval

if TYPE_CHECKING:
    from bidsapp.analyses.coma.comparison import Comparison
    from bidsapp.analyses.coma.rows import Rows
    from bidsapp.analyses.coma.train import Source
    from bidsapp.learning.confidence.coverage import Coverage
    from bidsapp.recipe import Recipe

LICENCE = """The arrays in this folder were learned from the user's own patients; who may have them is for the
user to say. For research use only: not a medical device.
"""
CITATIONS = (
    "CV+ and jackknife+: Barber, Candes, Ramdas and Tibshirani, Ann Stat 2021, "
    "https://doi.org/10.1214/20-AOS1965.",
    "Conformal prediction conditional on the label: Vovk, Machine Learning 2013, "
    "https://doi.org/10.1007/s10994-013-5355-6.",
    "Nested cross-validation: Varma and Simon, BMC Bioinformatics 2006, "
    "https://doi.org/10.1186/1471-2105-7-91.",
    "One standard error: Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984.",
)
_IMAGES_OF = {"bold": ("bold", "timeseries"), "networks": ("bold", "timeseries")}


def bundle_metadata(
    rows: Rows, recipe: Recipe, compared: Comparison, coverage: Mapping[str, Coverage], *, source: Source
) -> dict[str, object]:
    """Give the content of ``configs/metadata.json``: MONAI's keys and ours."""
    options = Options.of(recipe)
    chosen = compared.choice.name
    what = "outcome" if options.kind == "outcome" else "score"
    return {
        "name": source.name,
        "analysis": "coma",
        "version": list(source.changes)[-1],
        "changelog": dict(source.changes),
        "monai_version": version("monai"),
        "numpy_version": version("numpy"),
        "required_packages_version": {
            name: version(name) for name in ("safetensors", "scikit-learn", "scipy")
        },
        "task": f"The {what} '{rows.name}' of a patient, with its doubt",
        "description": f"{MODELS[chosen].title}: {_why(compared, source)}. Research use only.",
        "authors": "The bidsapp developers",
        "copyright": "The bidsapp developers; what was learned, under the licence of the data",
        "data_source": [source.data],
        "data_type": "NIfTI, TSV",
        "intended_use": "Research use only; not a medical device.",
        "target": rows.name,
        "model": chosen,
        "model_title": MODELS[chosen].title,
        "any_modality_of": _modalities(rows, chosen),
        "images": sorted(_images(rows)),
        "signals": {
            key: list(series.regions) for patient in rows.patients for key, series in patient.series.items()
        },
        "reads_regions_of": dict(rows.others) if {ANOMALY, "any"} & set(MODELS[chosen].needs) else {},
        "covariates": _covariates(rows, chosen),
        "patients": rows.subjects,
        "sessions": len(rows.patients),
        "target_quantiles": np.quantile(rows.target, [0.05, 0.5, 0.95]).tolist(),
        "unconditional": _unconditional(rows, options),
        "compared": {
            name: {"title": _title(name), **{key: _defined(ends) for key, ends in own.items()}}
            for name, own in compared.measures.items()
        },
        "best": compared.choice.best,
        "taken_because": _why(compared, source),
        "permutation_p": compared.p,
        "not_compared": dict(compared.absent),
        "coverage": {
            part: {
                "patients": own.patients,
                "sessions": own.sessions,
                "share": [own.share.value, own.share.low, own.share.high],
                "mean_width": own.mean_width,
            }
            for part, own in coverage.items()
        },
        "notes": list(source.notes),
        "simulated": source.simulated,
        "citations": list(CITATIONS),
        "recipe": dict(recipe.values),
        "recipe_digest": recipe.digest,
    }


def _why(compared: Comparison, source: Source) -> str:
    if source.take:
        return f"taken by name, beside {len(compared.left_out) - 1} other models"
    return (
        f"the simplest of {len(compared.left_out)} models within one standard error of the best one on "
        "left-out patients"
    )


def _title(name: str) -> str:
    return "Whole procedure, choice of the model included" if name == "chosen" else MODELS[name].title


def _images(rows: Rows) -> set[str]:
    """Give what the regions were taken of; an anomaly map is no image of the patient."""
    return {key for patient in rows.patients for key in patient.regions if key != ANOMALY}


def _modalities(rows: Rows, chosen: str) -> list[str]:
    """Give the modalities of which a patient needs one: that the model reads, else all of the cohort."""
    needs = MODELS[chosen].needs
    found = [image for need in needs for image in _IMAGES_OF.get(need, ())]
    if found and "regions" not in needs:
        return list(dict.fromkeys(found))
    of_cohort = _images(rows)
    if {"lesions", "images"} & set(needs):
        return sorted(key for key in of_cohort if is_sparse(key) == ("lesions" in needs))
    if any(patient.series for patient in rows.patients):
        of_cohort |= set(_IMAGES_OF["bold"])
    return sorted(of_cohort)


def _covariates(rows: Rows, chosen: str) -> list[str]:
    """Give the covariates that the model reads."""
    if not {"clinical", "seen", "any"} & set(MODELS[chosen].needs):
        return []
    return sorted({key for patient in rows.patients for key in patient.clinical})


def _unconditional(rows: Rows, options: Options) -> dict[str, float]:
    """Give what would be said of a patient of whom nothing is known."""
    low, high = options.limits
    middle = float(rows.target.mean() if options.kind == "outcome" else np.median(rows.target))
    if options.kind == "outcome":
        return {"value": middle, "low": low, "high": high}
    own = unconditional_interval(rows.target, 1, miss=1 - options.level, lowest=low, highest=high)
    return {"value": middle, "low": float(own.low[0]), "high": float(own.high[0])}


def model_card(metadata: Mapping[str, object]) -> str:
    """Write the model card (Markdown) from the metadata."""
    return f"""# {metadata["task"]} (`{metadata["name"]}`, {metadata["version"]})

**Research use only. Not a medical device.**

{metadata["description"]} {" ".join(_items(metadata["notes"]))}

## Patients

{metadata["patients"]} patients, {metadata["sessions"]} sessions:
{"; ".join(_items(metadata["data_source"]))}.
Quantiles 5, 50 and 95 % of the label: {_numbers(metadata["target_quantiles"])}.

## What the models are worth on left-out patients

Value (95 % interval over patients), patients split by repeated, stratified cross-validation; everything
is fitted inside the folds.

{comparison_table(metadata)}

Taken: **{metadata["model_title"]}** (p against shuffled labels: {_p(metadata["permutation_p"])}).
{" ".join(filter(None, (card_sentence(metadata), _absent(metadata["not_compared"]))))}

## Intervals

{_coverage(metadata["coverage"])}

{how_intervals_are_made(Options.of_bundle(metadata), metadata)}

{card_section(metadata)}{_reasons(metadata)}## Limits

A model of few patients of few hospitals; another hospital's patients may differ. A patient unlike the
cohort gets no score. The prediction says nothing of a single patient that its interval does not say.

## Citations

{chr(10).join(f"- {item}" for item in _items(metadata["citations"]))}
"""


def comparison_table(metadata: Mapping[str, object]) -> str:
    """Write the table of all models (Markdown)."""
    compared = metadata["compared"]
    if not isinstance(compared, Mapping) or not compared:
        return ""
    keys = [key for key in next(iter(compared.values())) if key != "title"]
    lines = ["| model | " + " | ".join(key.replace("_", " ") for key in keys) + " |"]
    lines += ["|---" * (len(keys) + 1) + "|"]
    for own in compared.values():
        cells = [write_ends(own[key]) for key in keys]
        lines.append(f"| {own['title']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _defined(ends: tuple[float, float, float]) -> list[float] | None:
    """Leave out what is not defined, such as the rank correlation of a constant."""
    return list(ends) if all(math.isfinite(end) for end in ends) else None


def write_ends(value: object) -> str:
    """Write a number with its interval, ``n/a`` where it is not defined."""
    if not isinstance(value, list):
        return "n/a"
    middle, low, high = value
    return f"{middle:z.2f} ({low:z.2f} to {high:z.2f})"


def _coverage(coverage: object) -> str:
    if not isinstance(coverage, Mapping) or not coverage:
        return "An outcome's probability has no interval; its calibration is in the table above."
    lines = [
        f"- {part}: {own['share'][0]:.0%} ({own['share'][1]:.0%} to {own['share'][2]:.0%}) of "
        f"{counted(own['patients'], own['sessions'])} left-out patients lie within; "
        f"mean width {own['mean_width']:.1f}"
        for part, own in coverage.items()
    ]
    return "\n".join(lines)


def _reasons(metadata: Mapping[str, object]) -> str:
    control = metadata.get("reasons_control")
    if not isinstance(control, Mapping):
        return ""
    shown = "are shown" if control["passed"] else "are not shown"
    return f"## Reasons\n\nContributions of features {shown}. {control['sentence']}\n\n"


def _absent(absent: object) -> str:
    if not isinstance(absent, Mapping) or not absent:
        return ""
    return "Not compared: " + "; ".join(f"{name} ({why.rstrip('.')})" for name, why in absent.items()) + "."


def _p(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "not tested"


def _numbers(value: object) -> str:
    return ", ".join(f"{item:.3g}" for item in value) if isinstance(value, list) else ""


def _items(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
