"""What an injury looks like in each kind of image: one line of numbers for each, mixed by tissue.

Contrasts are those of `bidsapp.simulate.scanner` and of textbooks; what injury changes is stated, not fitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from bidsapp.simulate.coma.head import Head
from bidsapp.simulate.coma.network import territory
from bidsapp.simulate.fields import Array, smooth_field

ACUTE_DAYS = 10.0
_ATROPHY = 0.5
_DIASCHISIS = 0.3


@dataclass(frozen=True, kw_only=True)
class Look:
    """Values of healthy tissue in one kind of image, and what full injury multiplies them by.

    Attributes
    ----------
    gm, wm, csf
        Grey and white matter and fluid, in the unit of the image.
    acute, chronic
        Factor of fully injured tissue on the first day, and after months; between, the change decays with a
        time constant of 10 days.
    own
        Standard deviation of the logarithm of what makes one person differ from the next, smooth in space.
    noise
        Standard deviation relative to the larger value of grey and white matter.
    fwhm_mm
        Blur of the image.
    remote
        Whether grey matter far from the injury suffers when the thalamus does (diaschisis).
    """

    gm: float
    wm: float
    csf: float
    acute: float
    chronic: float
    own: float
    noise: float
    fwhm_mm: float = 0.0
    remote: bool = False


LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        "T1w": Look(gm=0.70, wm=1.0, csf=0.28, acute=0.88, chronic=0.80, own=0.03, noise=0.03),
        "T2w": Look(gm=0.75, wm=0.60, csf=1.6, acute=1.35, chronic=1.45, own=0.04, noise=0.03),
        "FLAIR": Look(gm=0.86, wm=0.68, csf=0.12, acute=1.5, chronic=1.7, own=0.05, noise=0.03),
        "FA": Look(gm=0.15, wm=0.45, csf=0.06, acute=0.8, chronic=0.4, own=0.06, noise=0.08),
        "ADC": Look(gm=0.80e-3, wm=0.75e-3, csf=3.0e-3, acute=0.6, chronic=1.6, own=0.05, noise=0.03),
        "pet": Look(
            gm=1.0, wm=0.25, csf=0.04, acute=0.35, chronic=0.30, own=0.1, noise=0.06, fwhm_mm=6.0, remote=True
        ),
        "cbf": Look(
            gm=60.0, wm=22.0, csf=0.0, acute=0.5, chronic=0.4, own=0.2, noise=0.25, fwhm_mm=5.0, remote=True
        ),
        "alff": Look(gm=1.0, wm=0.35, csf=0.2, acute=0.5, chronic=0.5, own=0.25, noise=0.15, fwhm_mm=6.0),
        "reho": Look(gm=0.6, wm=0.25, csf=0.1, acute=0.6, chronic=0.6, own=0.15, noise=0.10, fwhm_mm=6.0),
    }
)


def vary(head: Head, age: float, rng: np.random.Generator) -> Head:
    """Give another person's tissues: folds and widths of their own, and more fluid with age (years).

    The odds of the tissues are weighted by smooth random fields; T1w and uptake follow the change.
    """
    widths = 10.0 / float(head.grid.voxel_size[0])
    grey, fluid = (smooth_field(head.gm.shape, widths, rng) for _ in range(2))
    odds = (
        head.gm * np.exp(0.2 * grey),
        head.wm,
        head.csf * np.exp(0.2 * fluid + np.float32(0.01 * (age - 45.0))),
    )
    share = (head.gm + head.wm + head.csf) / np.maximum(odds[0] + odds[1] + odds[2], 1e-6)
    gm, wm, csf = (np.asarray(part * share, dtype=np.float32) for part in odds)
    varied = replace(head, gm=gm, wm=wm, csf=csf)
    changes = {
        name: mix(LOOKS[look], varied) - mix(LOOKS[look], head)
        for name, look in (("t1w", "T1w"), ("uptake", "pet"))
    }
    return replace(
        varied,
        t1w=np.maximum(head.t1w + changes["t1w"], 0),
        uptake=np.maximum(head.uptake + changes["uptake"], 0),
    )


def mix(look: Look, head: Head) -> Array:
    """Mix the values of healthy tissues, shape ``(x, y, z)``."""
    mixed: Array = (
        np.float32(look.gm) * head.gm + np.float32(look.wm) * head.wm + np.float32(look.csf) * head.csf
    )
    return mixed


def render(key: str, head: Head, injury: Array, days: float) -> Array:
    """Give the noiseless image of an injured head.

    Parameters
    ----------
    key
        One of ``LOOKS``.
    head
        The person before the injury.
    injury
        0-1, shape ``(x, y, z)``.
    days
        Since the injury: tissue shrinks and gives way to fluid within months, and ADC turns from low to high.
    """
    look = LOOKS[key]
    early = np.float32(np.exp(-days / ACUTE_DAYS))
    healthy = {"T1w": head.t1w, "pet": head.uptake}.get(key)
    if healthy is None:
        healthy = mix(look, head)
    factor = early * np.float32(look.acute) + (1 - early) * np.float32(look.chronic)
    lost = np.float32(_ATROPHY) * (1 - early) * injury
    tissue = healthy * (1 + (factor - 1) * injury)
    image = (1 - lost) * tissue + lost * (head.gm + head.wm) * np.float32(look.csf)
    if look.remote:
        thalamus = float(injury[territory(head, "thalamus")].mean())
        image = image * (1 - np.float32(_DIASCHISIS * thalamus) * head.gm)
    return np.asarray(image, dtype=np.float32)
