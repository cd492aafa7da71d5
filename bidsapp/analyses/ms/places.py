"""Where each lesion lies, in the regions of the McDonald criteria.

An atlas that was warped to the subject knows which fluid is ventricle and which grey matter is cortex; the
subject's own tissue knows where their borders are. So each region is where the two agree, with a margin
for the error of the warp.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.analyses.ms.instances import Labels, Mask, numbers_of
from bidsapp.errors import BadDataError
from bidsapp.images.grids import resample
from bidsapp.images.templates import DEFAULT_ATLAS, load_atlas
from bidsapp.images.volume import Volume

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813

Place = Literal["periventricular", "juxtacortical", "infratentorial", "deep"]
PLACES: tuple[Place, ...] = get_args(Place)
PERIVENTRICULAR_MM = 3.0
TOUCH_MM = 1.8
"""Neighbours across a corner are 1.73 mm apart at 1 mm."""

_MARGIN_MM = 3.0
_FILE = Path(__file__).parents[2] / "data" / "places.toml"


@dataclass(frozen=True, eq=False)
class Regions:
    """Lateral ventricles, cerebral cortex, and brain stem with cerebellum; masks of shape ``(x, y, z)``."""

    ventricles: Mask
    cortex: Mask
    infratentorial: Mask


def find_regions(to_native: sitk.Transform, grey_matter: Volume, csf: Volume) -> Regions:
    """Bring the atlas to the subject and meet it with the subject's tissue.

    Parameters
    ----------
    to_native
        Resamples an image of standard space onto a grid of the subject's own (``standard_to_native``).
    grey_matter, csf
        Probabilities, 0-1, on the grid of the lesions.

    Raises
    ------
    BadDataError
        The two are on different grids.
    UnavailableError
        The atlas is not installed.
    """
    if not csf.grid.same_as(grey_matter.grid):
        raise BadDataError("The probabilities of grey matter and of fluid lie on different grids.")
    labels = resample(
        load_atlas(1).labels, csf.grid, interpolation="nearest", transform=to_native, antialias=False
    )
    return regions_of(np.rint(labels.data).astype(np.int32), grey_matter.data, csf.data, csf.voxel_size)


def regions_of(
    atlas: Labels,
    grey_matter: NDArray[np.floating],
    csf: NDArray[np.floating],
    voxel_size: NDArray[np.float64],
) -> Regions:
    """Find the regions from labels of Neuromorphometrics and tissue on one grid.

    Ventricles are fluid (probability over 0.5) and cortex is grey matter within 3 mm of where the atlas has
    them; what lies below the tentorium is told by the atlas alone.
    """
    known = _declared()
    near = {
        "ventricles": _within(np.isin(atlas, known["ventricles"]), voxel_size),
        "cortex": _within(atlas >= known["cortex_from"], voxel_size),
    }
    return Regions(
        ventricles=np.asarray(near["ventricles"] & (csf > 0.5)),
        cortex=np.asarray(near["cortex"] & (grey_matter > 0.5)),
        infratentorial=np.isin(atlas, known["infratentorial"]),
    )


def place_lesions(labels: Labels, regions: Regions, voxel_size: NDArray[np.float64]) -> tuple[Place, ...]:
    """Say where lesions 1, 2, ... lie; each counts in one region, the first that fits.

    Infratentorial: most of its voxels lie there. Periventricular: it comes within 3 mm of the lateral
    ventricles. Juxtacortical or cortical: it touches cortex. Deep: all others. Lesional voxels are not
    counted as cortex, since lesions have the signal of grey matter on T1w.
    """
    numbers = numbers_of(labels)
    below = ndimage.mean(regions.infratentorial, labels, numbers)
    to_ventricle = _distance(labels, regions.ventricles, numbers, voxel_size)
    to_cortex = _distance(labels, regions.cortex & (labels == 0), numbers, voxel_size)

    def place(share_below: float, ventricle: float, cortex: float) -> Place:
        if share_below > 0.5:
            return "infratentorial"
        if ventricle <= PERIVENTRICULAR_MM:
            return "periventricular"
        return "juxtacortical" if cortex <= TOUCH_MM else "deep"

    return tuple(place(*each) for each in zip(below, to_ventricle, to_cortex, strict=True))


def _distance(
    labels: Labels, region: Mask, numbers: NDArray[np.int64], voxel_size: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the shortest way (mm) from each lesion to a region; infinite where there is no such region."""
    if not region.any():
        return np.full(numbers.size, np.inf)
    away = ndimage.distance_transform_edt(~region, sampling=voxel_size.tolist())
    return np.asarray(ndimage.minimum(away, labels, numbers), dtype=np.float64).reshape(numbers.size)


def _within(region: Mask, voxel_size: NDArray[np.float64]) -> Mask:
    if not region.any():
        return region
    away = ndimage.distance_transform_edt(~region, sampling=voxel_size.tolist())
    return np.asarray(away <= _MARGIN_MM, dtype=bool)


@cache
def _declared() -> Mapping[str, list[int]]:
    content: dict[str, dict[str, list[int]]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return content[DEFAULT_ATLAS]
