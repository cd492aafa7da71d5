"""What modalities beside the anatomical ones hand to a session, and what happens where one is bad.

A chain of preprocessing that ends in an error takes everything down with it that waits for it: the volumes of
the session are gathered in one step. So a modality that a session can do without ends in no error: it ends in
a sentence of the report, and hands over nothing. A file that was there when the run began and cannot be
opened now is no bad modality: disk or network failed, so the step fails, and the next run reads it again.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nipype.interfaces.base import BaseInterfaceInputSpec, File, TraitedSpec, traits

from bidsapp.errors import BadDataError
from bidsapp.files import write_json
from bidsapp.interfaces.base import PureInterface


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What preprocessing of one modality gave.

    Attributes
    ----------
    volumes
        On the grid of the session's reference image, by key.
    series
        Signals of regions, by key; see :class:`bidsapp.cohort.Member`.
    figures
        Quality figures of ``data/quality.json``.
    confounds
        JSON of :mod:`bidsapp.interfaces.confounds`, where frames were realigned and cleaned.
    notes
        Sentences on what was mended, assumed or doubted, without the file's name.
    """

    volumes: Mapping[str, Path] = field(default_factory=dict)
    series: Mapping[str, Path] = field(default_factory=dict)
    figures: Mapping[str, float | None] = field(default_factory=dict)
    confounds: Path | None = None
    notes: Sequence[str] = ()


class ExtraInputSpec(BaseInterfaceInputSpec):
    modality = traits.Str(mandatory=True, desc="key of data/modalities.json")
    in_file = File(exists=True, mandatory=True, desc="image or table of the dataset")
    metadata = traits.Str("{}", usedefault=True, desc="sidecar as JSON")


class ExtraOutputSpec(TraitedSpec):
    volume_keys = traits.List(traits.Str, desc="keys of volumes")
    volumes = traits.List(File(exists=True), desc="volumes on the grid of the reference image")
    series_keys = traits.List(traits.Str, desc="keys of series")
    series = traits.List(File(exists=True), desc="tables of signals, each with its JSON file beside it")
    quality = traits.List(File(exists=True), desc="JSON of quality figures with the modality")
    confounds = traits.List(File(exists=True), desc="JSON of motion, frame by frame")
    notes = traits.List(traits.Str, desc="sentences for the report")


class PrepareExtra(PureInterface):
    """Prepares one modality; what is wrong with its data costs this modality, not the session."""

    input_spec = ExtraInputSpec
    output_spec = ExtraOutputSpec

    @abstractmethod
    def prepare(self, folder: Path) -> Prepared:
        """Do the work in ``folder``; data that are bad leave the modality out."""

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write the volumes and series, and ``quality.json`` where there are figures."""
        name = Path(self.inputs.in_file).name
        try:
            found = self.prepare(folder)
        except BadDataError as error:
            found = Prepared(notes=[f"{self.inputs.modality} was left out: {error}"])
        quality = []
        if found.figures:
            content = {"modality": self.inputs.modality, **found.figures}
            quality.append(str(write_json(folder / "quality.json", content)))
        return {
            "volume_keys": list(found.volumes),
            "volumes": [str(path) for path in found.volumes.values()],
            "series_keys": list(found.series),
            "series": [str(path) for path in found.series.values()],
            "quality": quality,
            "confounds": [str(found.confounds)] if found.confounds else [],
            "notes": [f"{name}: {note}" for note in found.notes],
        }
