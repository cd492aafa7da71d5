"""The atlas on the analysed voxels, and where a cluster lies in it."""

from __future__ import annotations

import numpy as np

from bidsapp.analyses.anomaly.measure import Parcels
from bidsapp.analyses.anomaly.space import Space
from bidsapp.errors import BadDataError
from bidsapp.images.clusters import Cluster
from bidsapp.images.grids import resample
from bidsapp.images.templates import Atlas

_MIDLINE_MM = 3.0
_OUTSIDE = "outside the atlas"


def on_space(atlas: Atlas, space: Space) -> Parcels:
    """Put an atlas on the analysed voxels; regions without any are left out.

    Raises
    ------
    BadDataError
        The atlas does not meet the analysed voxels.
    """
    labels = atlas.labels
    if not labels.grid.same_as(space.grid):
        labels = resample(labels, space.grid, interpolation="nearest")
    values = np.rint(space.gather(labels.data)).astype(np.int64)
    held = set(np.unique(values).tolist())
    regions = [region for region in atlas.regions if region.index in held]
    if not regions:
        raise BadDataError(f"Atlas {atlas.name} does not meet the brain of the controls.")
    position = np.full(int(values.max()) + 1, -1, dtype=np.intp)
    for place, region in enumerate(regions):
        position[region.index] = place
    return Parcels(
        owner=position[values],
        index=tuple(region.index for region in regions),
        names=tuple(readable(region.name) for region in regions),
        sides=tuple(region.side for region in regions),
    )


def readable(name: str) -> str:
    """Turn ``Right_Thalamus_Proper`` into ``Thalamus Proper``; the side has its own column."""
    words = name.replace("_", " ").strip()
    for side in ("Right ", "Left "):
        words = words.removeprefix(side)
    return words.removesuffix(" L").removesuffix(" R")


def locate(cluster: Cluster, space: Space, parcels: Parcels) -> tuple[str, str]:
    """Give the region that holds most of a cluster, and the hemisphere of its centre.

    The hemisphere is ``left``, ``right`` or ``midline`` (centre within 3 mm of it, in standard space).
    """
    place = np.full(space.grid.shape, -1, dtype=np.intp)
    place[space.mask] = parcels.owner
    owners = place[tuple(cluster.voxels.T)]
    owners = owners[owners >= 0]
    region = parcels.names[int(np.bincount(owners).argmax())] if owners.size else _OUTSIDE
    centre = cluster.voxels.mean(axis=0)
    x = float(space.grid.affine[0, :3] @ centre + space.grid.affine[0, 3])
    side = "midline" if abs(x) <= _MIDLINE_MM else "right" if x > 0 else "left"
    return region, side
