"""From standard space back into the subject's own: grids, points and volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.anomaly.features import UNITLESS
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.images.clusters import Cluster
from bidsapp.images.grids import resample
from bidsapp.images.transform_file import read_transform
from bidsapp.images.volume import Grid, Interpolation, Volume, read_volume

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813

_LPS = np.array([-1.0, -1.0, 1.0])
_MOST_SAMPLES = 200


@dataclass(frozen=True, eq=False)
class NativeSpace:
    """The grid of the session's reference image and the way there.

    Attributes
    ----------
    name
        Modality of the reference image.
    grid
        Its grid.
    to_native
        Resamples an image of standard space onto ``grid``.
    points
        Takes a point of standard space (LPS) to the subject's own.
    """

    name: str
    grid: Grid
    to_native: sitk.Transform
    points: sitk.Transform

    def bring(self, volume: Volume, interpolation: Interpolation) -> Volume:
        """Resample a volume of standard space onto the subject's grid."""
        return resample(
            volume, self.grid, interpolation=interpolation, transform=self.to_native, antialias=False
        )

    def locate(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take a point (mm, RAS) of standard space to the subject's own."""
        found = np.asarray(self.points.TransformPoint((point * _LPS).tolist()), dtype=np.float64)
        return np.asarray(found * _LPS, dtype=np.float64)

    def volume_ml(self, cluster: Cluster, grid: Grid) -> float:
        """Give the volume that a cluster of standard space has in the subject (change of variables).

        The Jacobian determinant is averaged over at most 200 of its voxels, evenly drawn.
        """
        step = -(-cluster.size // _MOST_SAMPLES)
        centres = cluster.voxels[::step] @ grid.affine[:3, :3].T + grid.affine[:3, 3]
        size = float(grid.voxel_size.mean())
        factors = [abs(np.linalg.det(self._jacobian(centre, size))) for centre in centres]
        voxel_ml = float(abs(np.linalg.det(grid.affine[:3, :3]))) / 1000.0
        return float(np.mean(factors)) * cluster.size * voxel_ml

    def _jacobian(self, centre: NDArray[np.float64], size: float) -> NDArray[np.float64]:
        steps = np.eye(3) * size / 2
        columns = [(self.locate(centre + step) - self.locate(centre - step)) / size for step in steps]
        return np.stack(columns, axis=1)


def native_space(member: Member) -> NativeSpace:
    """Find the reference image of a session and read the transforms.

    Raises
    ------
    BadDataError
        The member has no image in its own space, or no transform to or from standard space.
    """
    images = [key for key in ("T1w", *member.native) if key in member.native and key in UNITLESS]
    missing = [key for key in ("native_to_standard", "standard_to_native") if key not in member.transforms]
    if not images or missing:
        what = missing[0] if missing else "image in its own space"
        raise BadDataError(f"{member.name} has no {what}; run participant again.")
    return NativeSpace(
        name=images[0],
        grid=read_volume(member.native[images[0]]).grid,
        to_native=read_transform(member.transforms["standard_to_native"]),
        points=read_transform(member.transforms["native_to_standard"]),
    )
