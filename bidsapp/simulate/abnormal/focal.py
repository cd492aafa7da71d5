"""Focal changes of signal: a spot in the MR images, and low uptake in FDG PET."""

from __future__ import annotations

import numpy as np

from bidsapp.simulate.abnormal.growth import grow_from, seed_in
from bidsapp.simulate.abnormal.model import (
    PET,
    Change,
    Request,
    Volumes,
    brain_of,
    require,
    require_mri,
    tell,
)
from bidsapp.simulate.abnormal.tissues import add_signal, blur_as_camera
from bidsapp.simulate.fields import Array

#: Uptake of white matter relative to grey matter, as in :data:`bidsapp.simulate.pet.FDG`.
_WHITE_UPTAKE = 0.25
_LEAST_UPTAKE = 0.02
_MOSTLY = 0.7


def spot(volumes: Volumes, request: Request) -> Change:
    """Put a blob into white or grey matter, whichever its seed lies in.

    T1w falls and FLAIR and T2w rise by ``strength`` of their signal there; PET stays.
    """
    require(volumes, "mask", "GM", "WM")
    require_mri(volumes)
    tissues = [brain_of(volumes) & (volumes[name] >= _MOSTLY) for name in ("WM", "GM")]
    seed = seed_in(tissues[0] | tissues[1], request)
    in_white = bool(tissues[0][tuple(seed)])
    fraction = grow_from(seed, tissues[0 if in_white else 1], request)
    relative = {"T1w": -request.strength, "FLAIR": request.strength, "T2w": request.strength}
    changed = add_signal(volumes, relative, fraction, request.edges)
    where = "white" if in_white else "grey"
    return Change(changed, fraction, f"in {where} matter, {tell(relative, volumes)}")


def hypometabolism(volumes: Volumes, request: Request) -> Change:
    """Lower the FDG uptake of grey matter by the share ``strength``, as a camera of 6 mm sees it.

    The true loss has the lesion's border; the image falls by the share of its signal that comes from
    lesioned grey matter after the blur, white matter giving a quarter of grey matter's. Tissue and MR
    images stay.
    """
    require(volumes, "mask", "GM", "WM", PET)
    grey = brain_of(volumes) & (volumes["GM"] >= 0.5)
    fraction = grow_from(seed_in(grey, request), grey, request)
    uptake = volumes["GM"] + np.float32(_WHITE_UPTAKE) * volumes["WM"]
    whole: Array = np.maximum(blur_as_camera(uptake, request.edges), np.float32(_LEAST_UPTAKE))
    lost = blur_as_camera(fraction * volumes["GM"], request.edges)
    changed = volumes[PET] * (1 - np.float32(request.strength) * (lost / whole))
    return Change({PET: changed}, fraction, f"FDG uptake of grey matter {request.strength:.0%} lower")
