"""What the bundle of the lesion network says of itself as data: MONAI's keys, ours, and how to build it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from bidsapp.analyses.ms.channels import IMAGES, LEVEL, OUTPUTS, SPREAD
from bidsapp.analyses.ms.left_out import Judged, LeftOut, by_subject, judge, limit_of_confidence

if TYPE_CHECKING:
    from bidsapp.analyses.ms.material import Material
    from bidsapp.recipe import Recipe

VERSION = "0.1.0"
CITATIONS = (
    "IXI dataset, Imperial College London, https://brain-development.org/ixi-dataset/ (CC BY-SA 3.0).",
    "Lesjak et al., A novel public MR image dataset of multiple sclerosis patients with lesion segmentations "
    "based on multi-rater consensus, Neuroinformatics 2018, https://doi.org/10.1007/s12021-017-9348-7 "
    "(CC-BY).",
    "Lesjak et al., Validation of white-matter lesion change detection methods on a novel publicly available "
    "MRI image database, Neuroinformatics 2016, https://doi.org/10.1007/s12021-016-9301-1 (CC-BY).",
    "Idea of training on random contrasts: Billot et al., SynthSeg, Medical Image Analysis 2023, "
    "https://doi.org/10.1016/j.media.2023.102789.",
    "Temperature scaling: Guo et al., On calibration of modern neural networks, ICML 2017.",
)
NETWORK: Mapping[str, object] = {
    "_target_": "BasicUNet",
    "spatial_dims": 3,
    "in_channels": 2 * len(IMAGES),
    "out_channels": len(OUTPUTS),
    "act": ["leakyrelu", {"inplace": True, "negative_slope": 0.1}],
    "norm": ["batch", {"track_running_stats": False}],
}


@dataclass(frozen=True)
class Sources:
    """What the weights rest on besides controls and patients.

    Attributes
    ----------
    backgrounds
        Patients without masks on whose scans lesions were simulated.
    start
        SHA-256 of the bundle from whose weights the training went on; empty without one.
    rule
        The rule of activity of that bundle (`bidsapp.analyses.ms.activity_rule`), ``None`` without one.
    """

    backgrounds: tuple[str, ...] = ()
    start: str = ""
    rule: object = None


def configs_of(metadata: Mapping[str, object]) -> dict[str, object]:
    """Give ``configs/inference.json``: how MONAI builds the network that the weights belong to."""
    dropout = metadata["dropout"]
    assert isinstance(dropout, dict)
    wrapped = f"with_dropout(@network_def, {dropout['kind']!r}, {dropout['rate']!r})"
    noisy = dropout["kind"] != "none"
    return {
        "inference": {
            "imports": [
                "$import torch",
                *(["$from bidsapp.networks.dropout import with_dropout"] if noisy else []),
            ],
            "bundle_root": ".",
            "device": "$torch.device('cpu')",
            "network_def": {**NETWORK, "features": metadata["features"]},
            "network": f"${wrapped if noisy else '@network_def'}.to(@device)",
        }
    }


def metadata_of(
    recipe: Recipe,
    *,
    seed: int,
    material: Material,
    left_out: Sequence[LeftOut],
    controls: str,
    second: Mapping[str, object] | None = None,
    sources: Sources | None = None,
) -> dict[str, object]:
    """Give the content of ``configs/metadata.json``: MONAI's keys and ours.

    ``second`` is what :func:`second_stage` says.
    """
    sources = sources or Sources()
    seen = any(item.active is not None and bool(item.active.any()) for item in material.patients)
    return {
        **_described(),
        "modalities": ["T1w"] if recipe.values["active_from"] == "synthesis" else [],
        "any_modality_of": [name for name in IMAGES if name != "prior_FLAIR"],
        "grid_mm": 1.0,
        "normalisation": {"level": LEVEL, "spread": SPREAD},
        "features": recipe.values["features"],
        "window": recipe.values["crop"],
        "dropout": {"kind": recipe.values["dropout"], "rate": recipe.values["dropout_rate"]},
        **{key: recipe.values[key] for key in ("samples", "test_time_augmentation")},
        "recipe": dict(recipe.values),
        "recipe_digest": recipe.digest,
        "seed": seed,
        "controls": controls,
        "healthy_heads": len(material.heads),
        "patients": sorted({item.subject for item in material.patients}),
        "backgrounds": list(sources.backgrounds),
        "started_from": sources.start,
        "outlines": _outlines(material, second),
        "activity_seen_in_patients": seen,
        **_activity(recipe, seen, sources),
        "second_stage": dict(second or {}),
        **judgement(judge(left_out), left_out),
    }


def _activity(recipe: Recipe, seen: bool, sources: Sources) -> dict[str, object]:
    """Say where activity comes from: the rule where it is asked for, or where no network learned it."""
    wanted = recipe.values["active_from"]
    learned = wanted == "synthesis" or (wanted == "head" and recipe.values["weight_active"] != 0)
    if sources.rule is not None and not (seen and learned):
        return {"activity": True, "active_from": "change", "activity_rule": sources.rule}
    return {"activity": seen and learned, "active_from": "head" if wanted == "change" else wanted}


def _described() -> dict[str, object]:
    """Give MONAI's keys, which are the same for every training."""
    axes = "axes towards right, anterior, superior, 1 mm, each a multiple of 16 voxels"
    return {
        "name": "ms-lesion",
        "analysis": "ms",
        "version": VERSION,
        "changelog": {VERSION: "first weights"},
        "monai_version": version("monai"),
        "pytorch_version": version("torch").split("+")[0],
        "numpy_version": version("numpy"),
        "required_packages_version": {"safetensors": version("safetensors")},
        "task": "Multiple-sclerosis lesions, active lesions without gadolinium, post-contrast T1w",
        "description": "A 3-D U-Net that marks white-matter lesions in any subset of T1w, T2w, FLAIR and "
        "PDw; where it learned them well enough (activity, synthesis), it also tells which would enhance "
        "with gadolinium and draws the T1w after it. Research use only.",
        "authors": "The bidsapp developers",
        "copyright": "The bidsapp developers; packaged weights CC BY-SA 3.0",
        "data_source": list(CITATIONS),
        "data_type": "NIfTI",
        "intended_use": "Research use only; not a medical device.",
        "network_data_format": {
            "inputs": {"image": _port(2 * len(IMAGES), f"images, then presence, {axes}", _inputs())},
            "outputs": {"pred": _port(len(OUTPUTS), f"logits and image, {axes}", list(OUTPUTS))},
        },
    }


def _outlines(material: Material, second: Mapping[str, object] | None) -> list[str]:
    """Name whose outlines were moved into healthy heads: those of the patients in the second stage alone."""
    if material.outlines is None:
        return []
    known = {item.subject for item in material.patients} if second and not second["kept"] else set()
    return [name for name in material.outlines.names if name not in known]


def second_stage(first: Sequence[LeftOut], second: Sequence[LeftOut], *, kept: bool) -> dict[str, object]:
    """Say whether real patients helped: Dice by subject without and with them, each on patients left out."""
    return {"kept": kept, "dice_without": _dice(judge(first)), "dice_with": _dice(judge(second))}


def _dice(judged: Judged) -> dict[str, float]:
    return {name: round(value, 4) for name, value in sorted(judged.dice.items())}


def judgement(judged: Judged, left_out: Sequence[LeftOut]) -> dict[str, object]:
    """Give what patients left out say of the network, as the metadata hold it."""
    reliability = judged.reliability
    ece = reliability.ece if reliability else None
    return {
        "temperature": judged.scaling.temperature,
        "threshold": judged.threshold,
        "confidence_limit": limit_of_confidence(left_out, judged),
        "left_out_dice": _dice(judged),
        "left_out_load_ml": {item.subject: round(item.load_ml, 2) for item in by_subject(left_out)},
        "left_out_ece": [round(ece.value, 4), round(ece.low, 4), round(ece.high, 4)] if ece else None,
        "reliability": reliability.plain() if reliability else None,
    }


def _inputs() -> list[str]:
    return [*IMAGES, *[f"{name} is there" for name in IMAGES]]


def _port(channels: int, meaning: str, names: Sequence[str]) -> dict[str, object]:
    return {
        "type": "image",
        "format": meaning,
        "num_channels": channels,
        "spatial_shape": ["16*n", "16*n", "16*n"],
        "dtype": "float32",
        "value_range": [],
        "is_patch_data": True,
        "channel_def": {str(index): name for index, name in enumerate(names)},
    }
