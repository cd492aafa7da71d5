"""Takes a lesion mask of standard space as it is, on the grid that the analyses work on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bidsapp.errors import BadDataError
from bidsapp.interfaces.checks import LESION
from bidsapp.interfaces.extra import ExtraInputSpec, Prepared, PrepareExtra

_RESOLUTION = 2
_ROUNDING = 0.01  # of the volume; more is cut off by the grid


class TakeLesion(PrepareExtra):
    """Give the share of each voxel of 2 mm within the mask."""

    input_spec = ExtraInputSpec

    def prepare(self, folder: Path) -> Prepared:
        """Write ``lesion.nii.gz``."""
        from bidsapp.images.checks import check_image
        from bidsapp.images.shares import share_on
        from bidsapp.images.templates import template_grid
        from bidsapp.images.volume import write_volume

        mask, notes = check_image(Path(self.inputs.in_file), may_be_zero=True)
        if not np.isin(mask.data, (0, 1)).all():
            raise BadDataError("it is no mask: it has values beside 0 and 1.")
        share = share_on(mask, template_grid(_RESOLUTION))
        before, after = (float(volume.data.sum()) * volume.voxel_volume for volume in (mask, share))
        if after < (1 - _ROUNDING) * before:
            raise BadDataError(
                f"{before - after:.1f} of its {before:.1f} ml lie outside of standard space; check its space."
            )
        path = write_volume(folder / "lesion.nii.gz", share)
        notes.append(f"the lesion measures {after:.1f} ml in standard space; the mask was taken as it is")
        return Prepared(volumes={LESION: path}, notes=notes)
