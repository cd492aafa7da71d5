"""Compares the masks among findings with manual ones and adds the overlap as scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nipype.interfaces.base import BaseInterfaceInputSpec, File, TraitedSpec, traits

from bidsapp.findings import Findings, Map, Score
from bidsapp.interfaces.base import PureInterface

LESION_LABELS = frozenset({"L", "anomaly"})


class EvaluateFindingsInputSpec(BaseInterfaceInputSpec):
    findings = File(exists=True, mandatory=True, desc="JSON of findings; paths in the work folder")
    references = traits.Dict(key_trait=traits.Str, mandatory=True, desc="manual mask by kind: brain, lesion")


class EvaluateFindingsOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="JSON of findings with the overlaps as scores")


class EvaluateFindings(PureInterface):
    """Add to findings the Dice overlap of each mask with the manual one of its kind."""

    input_spec = EvaluateFindingsInputSpec
    output_spec = EvaluateFindingsOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``findings.json``."""
        references = {kind: Path(path) for kind, path in self.inputs.references.items()}
        found = evaluate(Findings.read(Path(self.inputs.findings)), references)
        return {"out_file": str(found.write(folder / "findings.json"))}


def evaluate(findings: Findings, references: Mapping[str, Path]) -> Findings:
    """Compare native-space masks with manual ones, resampled to the grid of the mask.

    Parameters
    ----------
    findings
        With maps of suffix ``mask``: the brain (``desc-brain``), lesions (``label-L``), anomalies.
    references
        Manual mask by kind: ``brain``, ``lesion``.
    """
    scores = [
        _overlap(item, kind, references[kind])
        for item in findings.maps
        if (kind := _kind(item)) in references
    ]
    return replace(findings, scores=(*findings.scores, *scores))


def _kind(item: Map) -> str:
    if item.suffix != "mask" or item.entities.get("space", "").startswith("MNI"):
        return ""
    if item.entities.get("desc") == "brain":
        return "brain"
    return "lesion" if item.entities.get("label") in LESION_LABELS else ""


def _overlap(item: Map, kind: str, reference: Path) -> Score:
    from bidsapp.images.checks import check_image
    from bidsapp.images.grids import resample
    from bidsapp.images.regions import dice
    from bidsapp.images.volume import read_volume

    mask = read_volume(item.path)
    manual, _ = check_image(reference)
    placed = resample(manual, mask.grid, interpolation="nearest", antialias=False)
    return Score(
        name=f"{kind}_dice",
        value=dice(mask.data, placed.data),
        description=f"Dice overlap of '{item.title}' with the manual mask {reference.name}.",
    )
