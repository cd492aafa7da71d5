"""What the bundle of the normative model says of itself: metadata, model card, licence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from bidsapp.analyses.anomaly.features import needed_modalities
from bidsapp.analyses.anomaly.options import Options
from bidsapp.analyses.anomaly.sources import calibrated, caveat, compared

if TYPE_CHECKING:
    from bidsapp.analyses.anomaly.measure import Parcels
    from bidsapp.analyses.anomaly.store import Variant
    from bidsapp.cohort import Member
    from bidsapp.recipe import Recipe

VERSION = "0.2.0"
LICENCE = """The arrays in this folder are statistics of the images they were computed from, and carry their
licence.
Packaged bundle: IXI dataset (https://brain-development.org/ixi-dataset/), CC BY-SA 3.0
(https://creativecommons.org/licenses/by-sa/3.0/). For research use only: not a medical device.
"""
IXI = "IXI dataset, Imperial College London, https://brain-development.org/ixi-dataset/ (CC BY-SA 3.0)."
CITATIONS = (
    "Left-out errors in closed form: Cook and Weisberg, Residuals and Influence in Regression, 1982.",
    "Shrunken variance: Smyth, Stat Appl Genet Mol Biol 2004, https://doi.org/10.2202/1544-6115.1027.",
    "Cluster mass: Bullmore et al., IEEE Trans Med Imaging 1999, https://doi.org/10.1109/42.750253.",
    "Conformal p-values: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005.",
)


@dataclass(frozen=True)
class Facts:
    """What training noticed.

    Covariates that were not used and why, controls unlike the others, and step and loss of a network's
    training.
    """

    notes: tuple[str, ...] = ()
    outliers: tuple[str, ...] = ()
    curve: tuple[tuple[int, float], ...] = ()


def bundle_metadata(
    recipe: Recipe,
    *,
    channels: Sequence[str],
    members: Sequence[Member],
    variants: Mapping[str, Variant],
    parcels: Parcels,
    facts: Facts,
    controls: str,
) -> dict[str, object]:
    """Give the content of ``configs/metadata.json``: MONAI's keys and ours."""
    options = Options.of(recipe)
    name = "-".join(["anomaly", *needed_modalities(channels)]).lower()
    ixi = all(member.subject.startswith("IXI") for member in members)
    return {
        "name": name,
        "analysis": "anomaly",
        "version": VERSION,
        "changelog": {"0.1.0": "normative model", VERSION: "size of clusters, false discovery rates"},
        "monai_version": version("monai"),
        "numpy_version": version("numpy"),
        "required_packages_version": {"safetensors": version("safetensors"), "scipy": version("scipy")},
        "task": "Voxels and clusters that differ from healthy controls",
        "description": f"Volumes {compared(options.learned, options.fwhm_mm)} by "
        f"{calibrated(options.learned, 'covariates as below')}. With the left-out controls' distribution of "
        f"cluster mass and size. {caveat(options.learned)}Research use only.",
        "authors": "The bidsapp developers",
        "copyright": "The bidsapp developers; statistics under the licence of the images",
        "data_source": [IXI] if ixi else [f"{len(members)} controls of the user's own data"],
        "data_type": "NIfTI",
        "intended_use": "Research use only; not a medical device.",
        "modalities": needed_modalities(channels),
        "channels": list(channels),
        "cohort": f"{len(members)} healthy controls" + (" of IXI" if ixi else ""),
        "controls_query": controls,
        "controls": [member.name for member in members],
        "space": "MNI152NLin2009cAsym",
        "normalisation": "MR: median of the subject's white matter is 1; PET: SUVR; tissues: probability",
        "atlas_regions": list(parcels.index),
        "designs": {key: variant.design.as_metadata() for key, variant in variants.items()},
        "notes": list(facts.notes),
        "learning_curve": [list(point) for point in facts.curve],
        "outlying_controls": list(facts.outliers),
        "healthy_person": {
            key: {
                "clusters": round(variant.false_clusters, 4),
                "share_with_any": round(variant.false_heads, 4),
            }
            for key, variant in variants.items()
        },
        "citations": list(CITATIONS),
        "recipe": dict(recipe.values),
        "recipe_digest": recipe.digest,
    }


def model_card(metadata: Mapping[str, object]) -> str:
    """Write the model card (Markdown) from the metadata."""
    healthy = metadata["healthy_person"]
    rows = healthy.items() if isinstance(healthy, dict) else ()
    rates = "\n".join(
        f"- {key}: {row['clusters']:.2f} clusters per healthy head, "
        f"{row['share_with_any']:.0%} of heads with any"
        for key, row in rows
    )
    return f"""# Normative model (`{metadata["name"]}`, {metadata["version"]})

**Research use only. Not a medical device.**

{metadata["description"]}

## Controls

{metadata["cohort"]}; chosen by `{metadata["controls_query"] or "all members"}`. Channels:
{_listed(metadata["channels"])}. Controls unlike the others: {_listed(metadata["outlying_controls"])}.
{" ".join(_items(metadata["notes"]))}

## Left-out controls at the family-wise level

{rates}

`benchmarks/anomaly_controls.py` measures the same on folds of subjects, with the power on implanted lesions.

## Limits

The controls come from few scanners. A scan of another kind differs everywhere: the analysis then warns. Ages
outside of the controls' range are extrapolated, and said. Small or faint lesions are missed: see the power in
`docs/methods-anomaly.md`.

## Data and citations

{chr(10).join(f"- {item}" for item in (*_items(metadata["data_source"]), *_items(metadata["citations"])))}
"""


def _items(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _listed(value: object, separator: str = ", ") -> str:
    return separator.join(_items(value)) or "none"
