"""Early Parkinson's disease: both sides of the substantia nigra or striatum change, one side more.

The loss begins at the back of both: in the lateral part of the nigra, which lies furthest back (Fearnley and
Lees, Brain 1991, 114:2283-2301), and in the posterior putamen (Kish et al., New England Journal of Medicine
1988, 318:876-880).

The region comes from the caller, by :func:`bidsapp.images.templates.load_atlas`: for ``striatal`` the
caudate and putamen of ``neuromorphometrics``; for ``nigral`` the region ``Substania_Nigra`` (so spelled) of
``talairach_ba``, about 0.2 ml on a side.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import UsageError
from bidsapp.simulate.abnormal.growth import grow_from, seed_in
from bidsapp.simulate.abnormal.model import (
    MRI,
    Change,
    Mask,
    Request,
    Volumes,
    brain_of,
    require,
    require_mri,
)
from bidsapp.simulate.abnormal.tissues import add_signal
from bidsapp.simulate.lesions import nearest

#: Change of the weaker side as a share of that of the stronger one.
WEAKER_SIDE = 0.5
_BACK = 1 / 3


def parkinson(volumes: Volumes, request: Request) -> Change:
    """Darken both sides of a region, from its back: ``strength`` on one side, half of it on the other.

    The axes are those of standard space (RAS): the first runs from left to right, the second from back to
    front. T1w, T2w and FLAIR fall, as with iron and the loss of neuromelanin; FDG PET, which shows no
    early loss here, stays. ``size_mm`` is that of each side. The stronger side is that of ``place``, or
    is drawn.
    """
    require(volumes, "mask")
    require_mri(volumes)
    left, right, middle = _sides(volumes, request)
    seed = seed_in(_back_of(left) | _back_of(right), request)
    strong, weak = (left, right) if seed[0] < middle else (right, left)
    mirrored = np.rint([2 * middle - seed[0], seed[1], seed[2]]).astype(np.intp)
    stronger = grow_from(seed, strong, request)
    weaker = grow_from(nearest(weak, mirrored, request.edges), weak, request)
    weighted = stronger + np.float32(WEAKER_SIDE) * weaker
    changed = add_signal(volumes, dict.fromkeys(MRI, -request.strength), weighted, request.edges)
    side, less = "left" if strong is left else "right", WEAKER_SIDE * request.strength
    meaning = f"signal {request.strength:.1%} lower on the {side}, {less:.1%} on the other side"
    return Change(changed, stronger + weaker, meaning)


def _sides(volumes: Volumes, request: Request) -> tuple[Mask, Mask, float]:
    """Split the region into left and right at the middle of its extent; the middle is in voxels."""
    if request.region is None:
        raise UsageError("Nigral and striatal changes need a region: the mask of both sides from an atlas.")
    region = request.region & brain_of(volumes)
    planes = np.flatnonzero(region.any(axis=(1, 2)))
    if not len(planes):
        raise UsageError("The region given has no voxel in the brain.")
    middle = float(planes[0] + planes[-1]) / 2
    if region[math.floor(middle)].any() or region[math.ceil(middle)].any():
        raise UsageError("The region given is not two sides with a gap; give the left and right structure.")
    first = np.arange(region.shape[0])[:, None, None]
    return region & (first < middle), region & (first > middle), middle


def _back_of(side: Mask) -> Mask:
    """Give the third of a structure's voxels that lie furthest back."""
    second: NDArray[np.intp] = np.nonzero(side)[1]
    plane = np.quantile(second, _BACK, method="inverted_cdf")
    back: Mask = side & (np.arange(side.shape[1])[None, :, None] <= plane)
    return back
