"""Nipype interfaces around analyses and sinks: member in, findings out, findings to BIDS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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

from bidsapp.bids.found_regions import found_regions
from bidsapp.cohort import RegionValues
from bidsapp.findings import Findings
from bidsapp.interfaces.base import PureInterface
from bidsapp.interfaces.gpu import device_name, memory_notes
from bidsapp.interfaces.member import read_member


class AnalyseInputSpec(BaseInterfaceInputSpec):
    member = File(exists=True, mandatory=True, desc="what GatherMember wrote")
    earlier = File(exists=True, desc="the same of the session before")
    others = InputMultiObject(File(exists=True), desc="findings whose regional tables the analysis reads")
    analysis = traits.Str(mandatory=True, desc="name of the entry point")
    bundle = traits.Directory(exists=True, mandatory=True, desc="bundle of the analysis")
    digest = traits.Str(mandatory=True, desc="digest of the bundle, so that another one runs anew")
    seed = traits.Int(0, usedefault=True)
    explain = traits.Bool(False, usedefault=True, desc="say why, too")
    device = traits.Str("cpu", usedefault=True, desc="torch device")
    use_gpu = traits.Bool(False, usedefault=True, desc="tells Nipype that this step needs a GPU slot")


class AnalyseOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="JSON of bidsapp.findings.Findings; paths in the work folder")


class Analyse(PureInterface):
    """Run one analysis on one session."""

    input_spec = AnalyseInputSpec
    output_spec = AnalyseOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``findings.json`` and the files of its maps."""
        from bidsapp.analyses import registry
        from bidsapp.analyses.protocol import Analysis
        from bidsapp.bundle import Bundle
        from bidsapp.errors import UnavailableError

        analysis = registry.load(self.inputs.analysis)
        if not isinstance(analysis, Analysis):
            raise UnavailableError(f"Analysis '{self.inputs.analysis}' can be trained but does not predict.")
        bundle = Bundle.read(Path(self.inputs.bundle))
        member = read_member(Path(self.inputs.member))
        if isdefined(self.inputs.earlier):
            member = replace(member, earlier=read_member(Path(self.inputs.earlier)))
        if isdefined(self.inputs.others):
            member = replace(member, regions=_regions_of(self.inputs.others))
        with memory_notes() as notes:
            found = analysis.predict(
                member,
                bundle,
                out_dir=folder,
                device=self.inputs.device,
                seed=self.inputs.seed,
                explain=self.inputs.explain,
            )
        origin = {
            "bundle": f"{bundle.name} {bundle.version}",
            "bundle_sha256": self.inputs.digest,
            "device": device_name(self.inputs.device),
        }
        found = replace(found, provenance={**origin, **found.provenance}, warnings=(*found.warnings, *notes))
        return {"out_file": str(found.write(folder / "findings.json"))}


def _regions_of(files: Sequence[str]) -> dict[str, RegionValues]:
    """Read what other analyses found in each region, by their names."""
    found = [Findings.read(Path(file)) for file in files]
    return {each.analysis: values for each in found if (values := found_regions(each)) is not None}


class WriteFindingsInputSpec(BaseInterfaceInputSpec):
    findings = File(exists=True, mandatory=True, desc="JSON of findings; paths in the work folder")
    output_dir = traits.Directory(mandatory=True, desc="derivative dataset")


class WriteFindingsOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="JSON of findings in the derivative dataset")


class WriteFindings(PureInterface):
    """Write findings to their BIDS names; runs always, so that a file that was deleted comes back."""

    input_spec = WriteFindingsInputSpec
    output_spec = WriteFindingsOutputSpec
    _always_run = True

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write maps, tables, sidecars and the findings themselves."""
        from bidsapp.bids.sink import write_findings
        from bidsapp.layout import findings_file

        output_dir = Path(self.inputs.output_dir)
        found = write_findings(Findings.read(Path(self.inputs.findings)), None, output_dir)
        return {"out_file": str(findings_file(output_dir, found.subject, found.session, found.analysis))}
