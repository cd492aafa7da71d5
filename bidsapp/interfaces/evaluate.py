"""Compares the masks among findings with manual ones and adds how well they agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nipype.interfaces.base import BaseInterfaceInputSpec, File, TraitedSpec, traits

from bidsapp.findings import Findings, Map, Score
from bidsapp.interfaces.base import PureInterface
from bidsapp.interfaces.evaluate_lesions import LesionEvaluation, evaluate_lesions

LESION_LABELS = frozenset({"L", "anomaly"})
LESIONS = {"label": "L", "desc": "lesion"}


class EvaluateFindingsInputSpec(BaseInterfaceInputSpec):
    findings = File(exists=True, mandatory=True, desc="JSON of findings; paths in the work folder")
    references = traits.Dict(key_trait=traits.Str, mandatory=True, desc="manual mask by kind: brain, lesion")


class EvaluateFindingsOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="JSON of findings with the agreement as scores")


class EvaluateFindings(PureInterface):
    """Add to findings how well each mask agrees with the manual one of its kind."""

    input_spec = EvaluateFindingsInputSpec
    output_spec = EvaluateFindingsOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``findings.json``."""
        references = {kind: Path(path) for kind, path in self.inputs.references.items()}
        found = evaluate(Findings.read(Path(self.inputs.findings)), references, folder)
        return {"out_file": str(found.write(folder / "findings.json"))}


def evaluate(findings: Findings, references: Mapping[str, Path], folder: Path) -> Findings:
    """Compare native-space masks with manual ones, resampled to the grid of the mask.

    Parameters
    ----------
    findings
        With maps of suffix ``mask``: the brain (``desc-brain``), lesions (``label-L``), anomalies. Lesions
        (``label-L_desc-lesion``) are judged by the protocols of the field, the others by their overlap.
    references
        Manual mask by kind: ``brain``, ``lesion``.
    folder
        Where the manual mask of lesions is written on the grid of the findings, for the report.
    """
    found = [
        _compare(item, kind, references[kind], folder)
        for item in findings.maps
        if (kind := _kind(item)) in references
    ]
    return replace(
        findings,
        scores=(*findings.scores, *(score for each in found for score in each.scores)),
        maps=(*findings.maps, *(item for each in found for item in each.maps)),
        tables=(*findings.tables, *(table for each in found for table in each.tables)),
        warnings=(*findings.warnings, *(sentence for each in found for sentence in each.warnings)),
    )


def _compare(item: Map, kind: str, reference: Path, folder: Path) -> LesionEvaluation:
    if item.entities.items() >= LESIONS.items():
        return evaluate_lesions(item, reference, folder)
    return LesionEvaluation(scores=(_overlap(item, kind, reference),))


def _kind(item: Map) -> str:
    if item.suffix != "mask" or item.entities.get("space", "").startswith("MNI"):
        return ""
    if item.entities.get("desc") == "brain":
        return "brain"
    if item.entities.get("label") not in LESION_LABELS or item.entities.get("desc") == "active":
        return ""
    return "lesion"


def _overlap(item: Map, kind: str, reference: Path) -> Score:
    from bidsapp.images.checks import check_image
    from bidsapp.images.grids import resample
    from bidsapp.images.regions import dice
    from bidsapp.images.volume import read_volume

    mask = read_volume(item.path)
    manual, _ = check_image(reference, may_be_zero=kind == "lesion")
    placed = resample(manual, mask.grid, interpolation="nearest", antialias=False)
    return Score(
        name=f"{kind}_dice",
        value=dice(mask.data, placed.data),
        description=f"Dice overlap of '{item.title}' with the manual mask {reference.name}.",
    )
