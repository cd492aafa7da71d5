"""What comes between tissue and image: the person, the scanner's scale, noise and blur, and its protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from bidsapp.simulate.coma.appearance import LOOKS
from bidsapp.simulate.coma.head import Head
from bidsapp.simulate.fields import Array, smooth_field, upsample

_FWHM_TO_SIGMA = 1 / 2.354820045
_STRIDE = 4
#: Images whose unit is physical: sites hardly differ in scale.
_QUANTITATIVE = frozenset({"FA", "ADC", "pet", "cbf", "reho"})
_REPETITION_TIMES = (2.0, 2.4, 3.0, 0.8)
#: Lengths of PET frames in seconds, by site: from the injection, or half an hour of late frames.
_FRAMES = (
    (15.0,) * 4 + (30.0,) * 4 + (60.0,) * 3 + (120.0,) * 2 + (300.0,) * 5 + (600.0,) * 3,
    (10.0,) * 12 + (30.0,) * 2 + (120.0,) * 3 + (300.0,) * 10,
    (30.0,) * 6 + (180.0,) * 4 + (600.0,) * 4,
)


@dataclass(frozen=True, kw_only=True)
class Site:
    """One scanner: ``scale`` and ``noise`` are factors by kind of image; times are in seconds."""

    name: str
    scale: Mapping[str, float]
    noise: Mapping[str, float]
    repetition_time: float
    frames: tuple[float, ...]


def draw_site(number: int, seed: int, spread: float) -> Site:
    """Draw a site; ``spread`` is the standard deviation of the logarithm of its intensity scale.

    The noise varies as much; images with a physical unit have a fifth of the spread in scale.
    """
    rng = np.random.default_rng([seed, number, 1])
    scale, noise = rng.normal(0, spread, len(LOOKS)), rng.normal(0, spread, len(LOOKS))
    return Site(
        name=f"site{number + 1}",
        scale={
            key: float(np.exp(value / (5 if key in _QUANTITATIVE else 1)))
            for key, value in zip(LOOKS, scale, strict=True)
        },
        noise={key: float(np.exp(value)) for key, value in zip(LOOKS, noise, strict=True)},
        repetition_time=_REPETITION_TIMES[number % len(_REPETITION_TIMES)],
        frames=_FRAMES[number % len(_FRAMES)],
    )


def scan(key: str, image: Array, head: Head, site: Site, rng: np.random.Generator) -> Array:
    """Put the person's own variation, blur, and the site's noise and scale on an image; cut the brain out."""
    look = LOOKS[key]
    image = image * np.exp(np.float32(look.own) * _own_variation(head, rng))
    if look.fwhm_mm:
        image = ndimage.gaussian_filter(image, look.fwhm_mm * _FWHM_TO_SIGMA / head.grid.voxel_size)
    noise = look.noise * site.noise[key] * max(look.gm, look.wm)
    noisy = image + np.float32(noise) * rng.standard_normal(image.shape, dtype=np.float32)
    return np.asarray(np.clip(noisy, 0, None) * head.brain * np.float32(site.scale[key]), dtype=np.float32)


def _own_variation(head: Head, rng: np.random.Generator) -> Array:
    """Draw a smooth field of unit standard deviation, drawn at every fourth voxel."""
    x, y, z = head.gm.shape
    coarse = smooth_field(tuple(size // _STRIDE + 2 for size in (x, y, z)), 1.0, rng)
    return upsample(coarse, (x, y, z), _STRIDE)
