"""Says as findings what preprocessing did: sinks, reports and the group level need no special case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    File,
    InputMultiObject,
    TraitedSpec,
    isdefined,
    traits,
)

from bidsapp.interfaces.base import PureInterface
from bidsapp.interfaces.member import read_member


class DescribePreprocessingInputSpec(BaseInterfaceInputSpec):
    member = File(exists=True, mandatory=True, desc="what GatherMember wrote")
    dseg = File(exists=True, mandatory=True, desc="tissues of the reference image")
    facts = File(exists=True, mandatory=True, desc="JSON on the normalisation")
    fine_keys = traits.List(traits.Str, desc="keys of fine")
    fine = InputMultiObject(File(exists=True), desc="images in standard space at 1 mm, where asked for")
    quality = InputMultiObject(File(exists=True), mandatory=True, desc="JSON of each contrast's quality")
    confounds = InputMultiObject(File(exists=True), desc="JSON of motion, frame by frame, where there is any")
    notes = traits.List(traits.Str, desc="what was mended in the images")
    remarks = traits.List(traits.Str, desc="what was chosen, missing or ignored in the dataset")
    sources = traits.Dict(key_trait=traits.Str, mandatory=True, desc="file in the dataset by modality")
    entities = traits.Dict(key_trait=traits.Str, mandatory=True, desc="entities by modality")


class DescribePreprocessingOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="JSON of bidsapp.findings.Findings; paths in the work folder")


class DescribePreprocessing(PureInterface):
    """Name every volume as ``data/outputs.json`` declares it, and say what was done in a sentence."""

    input_spec = DescribePreprocessingInputSpec
    output_spec = DescribePreprocessingOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``findings.json``."""
        from bidsapp.interfaces.confounds import confound_table
        from bidsapp.interfaces.outputs import preprocessing_findings

        member = read_member(Path(self.inputs.member))
        confounds = self.inputs.confounds if isdefined(self.inputs.confounds) else []
        found = preprocessing_findings(
            member,
            dseg=Path(self.inputs.dseg),
            fine=self._fine(),
            facts=json.loads(Path(self.inputs.facts).read_text(encoding="utf-8")),
            quality=[json.loads(Path(item).read_text(encoding="utf-8")) for item in self.inputs.quality],
            sources=self.inputs.sources,
            entities=self.inputs.entities,
            tables=tuple(confound_table(Path(item), self.inputs.entities) for item in confounds),
            warnings=(*self.inputs.remarks, *self.inputs.notes),
        )
        return {"out_file": str(found.write(folder / "findings.json"))}

    def _fine(self) -> dict[str, Path]:
        if not isdefined(self.inputs.fine):
            return {}
        return {key: Path(path) for key, path in zip(self.inputs.fine_keys, self.inputs.fine, strict=True)}


class DescribeSignalsInputSpec(BaseInterfaceInputSpec):
    member = File(exists=True, mandatory=True, desc="what GatherMember wrote")
    notes = traits.List(traits.Str, desc="what is to be said of the signals")
    remarks = traits.List(traits.Str, desc="what was chosen, missing or ignored in the dataset")
    sources = traits.Dict(key_trait=traits.Str, mandatory=True, desc="file in the dataset by modality")
    entities = traits.Dict(key_trait=traits.Str, mandatory=True, desc="entities by modality")


class DescribeSignals(PureInterface):
    """Name the signals and the lesion of a session that has no anatomy."""

    input_spec = DescribeSignalsInputSpec
    output_spec = DescribePreprocessingOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``findings.json``."""
        from bidsapp.images.templates import load_template
        from bidsapp.images.volume import write_volume
        from bidsapp.interfaces.series_outputs import signal_findings

        member, template = read_member(Path(self.inputs.member)), folder / "template.nii.gz"
        if member.standard:
            write_volume(template, load_template(2)[0])
        found = signal_findings(
            member,
            template=template,
            sources=self.inputs.sources,
            entities=self.inputs.entities,
            warnings=(*self.inputs.remarks, *self.inputs.notes),
        )
        return {"out_file": str(found.write(folder / "findings.json"))}
