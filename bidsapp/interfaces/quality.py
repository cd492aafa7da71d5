"""Quality figures of an image, and the light that a reference cohort gives them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nipype.interfaces.base import BaseInterfaceInputSpec, File, TraitedSpec, traits

from bidsapp.files import write_json
from bidsapp.findings import Score
from bidsapp.interfaces.base import PureInterface

if TYPE_CHECKING:
    from bidsapp.images.volume import Volume

Light = Literal["", "green", "amber", "red"]


class MeasureImageInputSpec(BaseInterfaceInputSpec):
    modality = traits.Str(mandatory=True, desc="key of data/modalities.json")
    in_file = File(exists=True, mandatory=True, desc="conformed image, before bias correction")
    corrected = File(exists=True, mandatory=True, desc="bias-corrected image")
    mask = File(exists=True, mandatory=True, desc="brain mask")
    gm = File(exists=True, mandatory=True, desc="probability of grey matter")
    wm = File(exists=True, mandatory=True, desc="probability of white matter")
    field = File(exists=True, mandatory=True, desc="bias field")


class MeasureImageOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="JSON of figures by name, with the modality")


class MeasureImage(PureInterface):
    """Measure the quality of one image; definitions are in ``data/quality.json``."""

    input_spec = MeasureImageInputSpec
    output_spec = MeasureImageOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``quality.json``."""
        from bidsapp.images.volume import read_volume

        names = ("in_file", "corrected", "mask", "gm", "wm", "field")
        figures = measure_image(*(read_volume(Path(getattr(self.inputs, name))) for name in names))
        content = {"modality": self.inputs.modality, **figures}
        return {"out_file": str(write_json(folder / "quality.json", content))}


def measure_image(
    image: Volume, corrected: Volume, mask: Volume, grey: Volume, white: Volume, field: Volume
) -> dict[str, float | None]:
    """Measure the figures of ``data/quality.json`` that one image has; ``None`` where one cannot be measured.

    Parameters
    ----------
    image, corrected, field
        Before and after bias correction, and the field between them.
    mask, grey, white
        Brain mask and tissue probabilities, all on one grid.
    """
    from bidsapp.images.quality import (
        contrast_to_noise,
        entropy_focus,
        mask_volume,
        nonuniformity,
        signal_to_noise,
    )

    inside = float((mask.data > 0.5).sum())
    figures = {
        "snr": signal_to_noise(corrected, white.with_data(white.data > 0.9)),
        "cnr": contrast_to_noise(corrected, grey, white),
        "efc": entropy_focus(image),
        "inu": nonuniformity(field, mask)[1],
        "brain_ml": mask_volume(mask),
        "gm_share": float(grey.data.sum()) / inside,
        "wm_share": float(white.data.sum()) / inside,
    }
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}


@cache
def declared() -> dict[str, Any]:
    """Read ``data/quality.json``: figures, and quantiles of the reference cohort by modality."""
    content: dict[str, Any] = json.loads(
        (files("bidsapp") / "data" / "quality.json").read_text(encoding="utf-8")
    )
    return content


def quality_scores(figures: Mapping[str, Any]) -> tuple[Score, ...]:
    """Turn the figures of one image into scores with the cohort's range and a light."""
    modality = str(figures["modality"])
    return tuple(
        quality_score(modality, name, figures[name]) for name in declared()["figures"] if name in figures
    )


def quality_score(modality: str, name: str, value: float | None) -> Score:
    """Give one figure its description, its reference range and its light.

    The light is amber where the value lies among the worst 5 % of the cohort, red among the worst 1 %, else
    green; without a cohort it follows the published limits of the figure, if it has any.
    """
    figure = declared()["figures"][name]
    quantiles = declared()["reference"]["quantiles"].get(modality, {}).get(name)
    return Score(
        name=f"{modality}_{name}",
        value=value,
        description=figure["description"],
        unit=figure["unit"],
        reference=(quantiles[1], quantiles[2], quantiles[3]) if quantiles else None,
        light=_light(value, figure, quantiles),
    )


def _light(value: float | None, figure: Mapping[str, Any], quantiles: Sequence[float] | None) -> Light:
    """Judge by the cohort, or by published limits where the figure has them: amber, red; more is worse."""
    if value is None:
        return ""
    if quantiles:
        return light(value, quantiles, figure["worse"])
    if "range" in figure:
        low, high = figure["range"]
        return "green" if low <= value <= high else "amber"
    if "limits" not in figure:
        return ""
    amber, red = figure["limits"]
    return "red" if value > red else "amber" if value > amber else "green"


def light(value: float, quantiles: Sequence[float], worse: str) -> Light:
    """Judge a value by the quantiles 1, 5, 50, 95 and 99 % of the cohort.

    Parameters
    ----------
    value
        Of the subject.
    quantiles
        Five ascending numbers.
    worse
        Which end is bad: ``low``, ``high`` or ``both``.
    """
    far_low, low, _, high, far_high = quantiles
    if (worse != "high" and value < far_low) or (worse != "low" and value > far_high):
        return "red"
    if (worse != "high" and value < low) or (worse != "low" and value > high):
        return "amber"
    return "green"
