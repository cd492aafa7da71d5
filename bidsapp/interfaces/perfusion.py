"""Nipype interface of perfusion: an ASL series becomes blood flow on the grid of the T1w."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from nipype.interfaces.base import File, isdefined, traits

from bidsapp.interfaces.extra import ExtraInputSpec, Prepared, PrepareExtra

if TYPE_CHECKING:
    from bidsapp.images.perfusion_series import Series
    from bidsapp.images.volume import Volume

_SURE = 0.8  # probability from which on a voxel counts as of a tissue, in the figures


class PreparePerfusionInputSpec(ExtraInputSpec):
    context = File(exists=True, desc="aslcontext.tsv, where there is one")
    m0 = File(exists=True, desc="separate calibration scan, where there is one")
    m0_metadata = traits.Str("{}", usedefault=True, desc="its sidecar as JSON")
    reference = File(exists=True, mandatory=True, desc="reference image of the session")
    mask = File(exists=True, mandatory=True, desc="brain mask on its grid")
    gm = File(exists=True, mandatory=True, desc="grey matter on its grid")
    wm = File(exists=True, mandatory=True, desc="white matter on its grid")


class PreparePerfusion(PrepareExtra):
    """Realign an ASL series, compute cerebral blood flow, bring it to the T1w."""

    input_spec = PreparePerfusionInputSpec

    def prepare(self, folder: Path) -> Prepared:
        """Write ``cbf.nii.gz``."""
        from bidsapp.images.perfusion_series import check_asl, map_perfusion, mean_shown
        from bidsapp.images.volume import write_volume
        from bidsapp.interfaces.laid_on import lay_on

        series, notes = self._series()
        check_asl(series)
        shown = mean_shown(series.frames, series.kinds)
        laid = lay_on(Path(self.inputs.reference), Path(self.inputs.mask), shown)
        found = map_perfusion(series, laid.own_brain)
        placed = laid.place(found.cbf)
        out_file = write_volume(folder / "cbf.nii.gz", placed)
        figures = {"motion_mm": found.motion_mm, **self._figures(placed)}
        return Prepared(volumes={"cbf": out_file}, figures=figures, notes=[*notes, *found.notes])

    def _series(self) -> tuple[Series, list[str]]:
        from bidsapp.images.checks import check_series
        from bidsapp.images.labelling import read_context, recovery_time
        from bidsapp.images.perfusion_series import Series

        name = Path(self.inputs.in_file).name
        frames, notes = check_series(Path(self.inputs.in_file))
        context = Path(self.inputs.context) if isdefined(self.inputs.context) else None
        m0 = None
        if isdefined(self.inputs.m0):
            volumes, more = check_series(Path(self.inputs.m0))
            mean = volumes[0].with_data(np.mean([volume.data for volume in volumes], axis=0))
            m0 = (mean, recovery_time(json.loads(self.inputs.m0_metadata)))
            notes += more
        kinds = read_context(context, name, len(frames))
        return Series(name, frames, kinds, json.loads(self.inputs.metadata), m0), notes

    def _figures(self, cbf: Volume) -> dict[str, float | None]:
        from bidsapp.images.perfusion import spatial_variation
        from bidsapp.images.volume import read_volume

        grey, white = (
            (read_volume(Path(path)).data > _SURE) & (cbf.data != 0)
            for path in (self.inputs.gm, self.inputs.wm)
        )
        return {
            "gm_cbf": float(cbf.data[grey].mean()) if grey.any() else None,
            "wm_cbf": float(cbf.data[white].mean()) if white.any() else None,
            "spatial_cov": spatial_variation(cbf.data, grey),
        }
