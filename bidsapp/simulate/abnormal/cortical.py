"""Abnormal cortex: the blurred or thickened cortex of focal cortical dysplasia, and local atrophy.

Thickening, a blurred grey-white junction and a bright signal below are the signs of dysplasia in MRI (Besson
et al., Brain 2008, doi:10.1093/brain/awn224).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from bidsapp.simulate.abnormal.growth import distance_from, grow_from, inner_cortex, seed_in
from bidsapp.simulate.abnormal.model import (
    IMAGES,
    TISSUES,
    Change,
    Request,
    Volumes,
    brain_of,
    require,
)
from bidsapp.simulate.abnormal.tissues import exchange
from bidsapp.simulate.fields import Array

#: Thickening in mm at strength 1; healthy cortex has 2 to 4 mm.
THICKEST_MM = 4.0
_BLUR_SIGMA_MM = 3.0
_BAND_MM = 4.0
_NEARLY_ALL = 0.9


def blur(volumes: Volumes, request: Request) -> Change:
    """Blur the border of grey and white matter.

    In a band of 4 mm on both sides of the border the images and tissue maps give way, by the share
    ``strength``, to themselves smoothed along the parenchyma (Gaussian, standard deviation 3 mm). One
    linear operation for all keeps them consistent. Voxels with fluid are left out, so that the surface
    of the cortex stays sharp.
    """
    require(volumes, "mask", *TISSUES)
    whole = brain_of(volumes) & (volumes["GM"] + volumes["WM"] >= _NEARLY_ALL)
    from_grey = distance_from(whole & (volumes["GM"] >= 0.5), request.edges)
    from_white = distance_from(whole & (volumes["WM"] >= 0.5), request.edges)
    band = whole & (from_grey <= _BAND_MM) & (from_white <= _BAND_MM)
    fraction = grow_from(seed_in(inner_cortex(volumes) & band, request), band, request)
    weight = whole.astype(np.float32)
    sigma = _BLUR_SIGMA_MM / request.edges
    total = np.maximum(ndimage.gaussian_filter(weight, sigma), np.float32(1e-6))

    def blurred(volume: Array) -> Array:
        smooth = ndimage.gaussian_filter(volume * weight, sigma) / total
        mixed: Array = volume + np.float32(request.strength) * fraction * (smooth - volume)
        return mixed

    changed = {name: blurred(volumes[name]) for name in (*TISSUES, *IMAGES) if name in volumes}
    return Change(
        changed, fraction, f"{request.strength:.0%} of the sharp grey-white border gives way to a blurred one"
    )


def thickening(volumes: Volumes, request: Request) -> Change:
    """Thicken the cortex inwards: white matter within ``strength`` x 4 mm of it becomes grey matter.

    The surface of the brain does not move. The abnormality is the thickened cortex, old and new.
    """
    require(volumes, "mask", *TISSUES)
    thicker_mm = request.strength * THICKEST_MM
    grey = brain_of(volumes) & (volumes["GM"] >= 0.5)
    step = float(request.edges.mean())
    depth = distance_from(grey, request.edges)
    reached = np.clip((thicker_mm - depth) / step + 1, 0, 1).astype(np.float32)
    reached[depth == 0] = min(1.0, thicker_mm / step)
    new = brain_of(volumes) & (volumes["WM"] > volumes["CSF"]) & (depth > 0) & (reached >= 0.5)
    fraction = grow_from(seed_in(inner_cortex(volumes), request), grey | new, request)
    moved = reached * fraction * volumes["WM"]
    changed = exchange(volumes, moved, "WM", "GM", request.edges)
    return Change(changed, fraction, f"cortex {thicker_mm:g} mm thicker")


def atrophy(volumes: Volumes, request: Request) -> Change:
    """Lose grey matter: the share ``strength`` of it becomes fluid."""
    require(volumes, "mask", *TISSUES)
    grey = brain_of(volumes) & (volumes["GM"] >= 0.5)
    fraction = grow_from(seed_in(grey, request), grey, request)
    moved = np.float32(request.strength) * fraction * volumes["GM"]
    changed = exchange(volumes, moved, "GM", "CSF", request.edges)
    return Change(changed, fraction, f"{request.strength:.0%} of the grey matter lost")
