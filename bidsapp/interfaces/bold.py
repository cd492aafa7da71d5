"""Nipype interface of resting BOLD: from raw frames to ALFF, ReHo and signals of regions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from nipype.interfaces.base import File, traits
from numpy.typing import NDArray

from bidsapp.interfaces.extra import ExtraInputSpec, Prepared, PrepareExtra

if TYPE_CHECKING:
    from bidsapp.images.bold import Cleaned, Realigned
    from bidsapp.interfaces.laid_on import LaidOn


class PrepareBoldInputSpec(ExtraInputSpec):
    reference = File(exists=True, mandatory=True, desc="anatomical image, bias-corrected")
    mask = File(exists=True, mandatory=True, desc="brain mask of the reference image")
    wm = File(exists=True, mandatory=True, desc="probability of white matter")
    csf = File(exists=True, mandatory=True, desc="probability of cerebrospinal fluid")
    standard_to_native = File(exists=True, mandatory=True, desc="transform that brings the atlas here")
    scrub = traits.Float(0.5, usedefault=True, desc="mm of framewise displacement; 0 keeps all frames")


class PrepareBold(PrepareExtra):
    """Realign and clean resting BOLD; signals are read where they were measured, maps go to the anatomy."""

    input_spec = PrepareBoldInputSpec

    def prepare(self, folder: Path) -> Prepared:
        """Write ``alff.nii.gz``, ``reho.nii.gz``, ``bold.tsv`` and ``confounds.json``."""
        from bidsapp.images.bold import clean_bold, realign_bold
        from bidsapp.images.checks import check_series
        from bidsapp.interfaces.laid_on import lay_on

        volumes, mended = check_series(Path(self.inputs.in_file))
        realigned = realign_bold(volumes, json.loads(self.inputs.metadata))
        del volumes
        mean = realigned.frames.mean()
        laid = lay_on(Path(self.inputs.reference), Path(self.inputs.mask), mean)
        brain = laid.own_brain.data > 0.5
        brain &= realigned.frames.data.std(axis=3) > 0
        white, fluid = (laid.here(Path(getattr(self.inputs, name))) for name in ("wm", "csf"))
        cleaned = clean_bold(realigned, brain, white, fluid, scrub=self.inputs.scrub or None)
        parts = _Parts(realigned, cleaned, laid, brain, folder, self.inputs.modality)
        return Prepared(
            volumes=parts.write_maps(),
            series={"bold": parts.write_signals(Path(self.inputs.standard_to_native))},
            figures=parts.figures(),
            confounds=parts.write_confounds(),
            notes=[*mended, *laid.doubts(mean), *realigned.notes, *cleaned.notes],
        )


@dataclass(frozen=True)
class _Parts:
    """What one scan gave, ready to be written."""

    realigned: Realigned
    cleaned: Cleaned
    laid: LaidOn
    brain: NDArray[np.bool_]
    folder: Path
    modality: str

    def write_maps(self) -> dict[str, Path]:
        from bidsapp.images.local_activity import alff, reho

        amplitude = alff(self.cleaned.unfiltered, self.realigned.repetition)
        placed = np.zeros(self.brain.shape, dtype=np.float32)
        placed[self.brain] = amplitude / np.mean(amplitude)
        maps = {"alff": placed, "reho": reho(self.cleaned.filtered, self.brain)}
        own = self.laid.own_brain
        return {
            name: self.laid.write(self.folder / f"{name}.nii.gz", own.with_data(data))
            for name, data in maps.items()
        }

    def write_signals(self, standard_to_native: Path) -> Path:
        from bidsapp.images.region_series import region_series
        from bidsapp.interfaces.series import grey_regions, write_series

        atlas, labels = self.laid.atlas(standard_to_native)
        regions = grey_regions(atlas.regions)
        values = region_series(
            self.cleaned.filtered, labels[self.brain], [region.index for region in regions]
        )
        repetition = self.realigned.repetition
        frames = np.flatnonzero(self.cleaned.kept) + self.realigned.dropped
        return write_series(
            self.folder / "bold.tsv",
            [region.name for region in regions],
            values,
            frames.astype(np.float64) * repetition,
            np.full(frames.size, repetition),
            modality=self.modality,
            about={
                "Atlas": atlas.name,
                "SamplingFrequency": 1 / repetition,
                "Description": (
                    "Mean of regions: realigned; motion, white matter and fluid regressed; 0.01 to 0.1 Hz; "
                    "frames of motion are left out, FrameTimesStart tells which"
                ),
            },
        )

    def write_confounds(self) -> Path:
        from bidsapp.interfaces.confounds import write_confounds

        path = self.folder / "confounds.json"
        return write_confounds(path, self.realigned, self.cleaned, self.brain, modality=self.modality)

    def figures(self) -> dict[str, float | None]:
        from bidsapp.images.bold_frames import temporal_snr
        from bidsapp.images.motion import dvars

        signals = self.realigned.frames.data[self.brain].T
        left = int(self.cleaned.kept.sum())
        found = {
            "mean_fd": float(self.realigned.displacement[1:].mean()),
            "scrubbed_share": 1 - left / self.cleaned.kept.size,
            "dvars": float(dvars(signals)[1:].mean()),
            "tsnr": temporal_snr(signals),
            "usable_frames": float(left),
            "usable_minutes": left * self.realigned.repetition / 60,
        }
        return {name: value if np.isfinite(value) else None for name, value in found.items()}
