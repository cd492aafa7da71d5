"""Grey values of tissues and lesions in each contrast, drawn anew for every example (white matter = 1).

The ranges cover what spin-echo, turbo and gradient-echo sequences at 1.5 and 3 T show; in a share of the
examples each tissue gets any value, so that the network learns anatomy and not a sequence (SynthSeg:
Billot et al., Medical Image Analysis 2023, https://doi.org/10.1016/j.media.2023.102789). Lesions keep the
sign that defines them: bright on FLAIR, T2w and PDw, dark on T1w, against white matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bidsapp.simulate.sclerosis.anatomy import Anatomy, Region
from bidsapp.simulate.sclerosis.normal import NormalContrast
from bidsapp.simulate.warp import smooth_field

Range = tuple[float, float]
ANY_CONTRAST = 0.15
AS_MEASURED = 0.75
"""Share of images with the regional differences of real patients, where a map of them is at hand."""
STRONGEST = 1.5
GREY_SPREAD = 0.2
"""Standard deviation at most of grey matter between regions: insula and limbic cortex are bright on FLAIR."""


@dataclass(frozen=True)
class Levels:
    """Ranges of grey values in one contrast.

    Attributes
    ----------
    gm, csf
        Cortex and cerebrospinal fluid.
    deep
        Shift from cortex towards white matter of thalamus, striatum, pallidum, brainstem and cerebellum, as
        a share of the way (above 1 goes beyond it).
    lesion
        Difference between lesion and white matter.
    hole
        Share of the way from lesion to CSF in the core of a black hole.
    """

    gm: Range
    csf: Range
    deep: dict[Region, Range]
    lesion: Range
    hole: Range


LEVELS = {
    "T1w": Levels(
        gm=(0.55, 0.92),
        csf=(0.1, 0.45),
        deep={
            Region.THALAMUS: (0.3, 0.8),
            Region.STRIATUM: (0.0, 0.4),
            Region.PALLIDUM: (0.5, 1.0),
            Region.BRAINSTEM: (0.2, 0.6),
            Region.CEREBELLUM: (-0.1, 0.2),
        },
        lesion=(-0.45, 0.0),
        hole=(0.2, 0.9),
    ),
    "T2w": Levels(
        gm=(1.15, 1.6),
        csf=(1.8, 4.0),
        deep={
            Region.THALAMUS: (0.2, 0.7),
            Region.STRIATUM: (0.0, 0.5),
            Region.PALLIDUM: (0.8, 1.5),
            Region.BRAINSTEM: (-0.2, 0.6),
            Region.CEREBELLUM: (-0.3, 0.3),
        },
        lesion=(0.25, 1.4),
        hole=(0.0, 0.6),
    ),
    "FLAIR": Levels(
        gm=(0.95, 1.35),
        csf=(0.05, 0.6),
        deep={
            Region.THALAMUS: (0.2, 0.8),
            Region.STRIATUM: (-0.2, 0.6),
            Region.PALLIDUM: (0.8, 1.6),
            Region.BRAINSTEM: (-0.3, 0.8),
            Region.CEREBELLUM: (-0.3, 0.5),
        },
        lesion=(0.15, 0.9),
        hole=(0.0, 0.7),
    ),
    "PDw": Levels(
        gm=(1.1, 1.4),
        csf=(0.9, 1.5),
        deep={
            Region.THALAMUS: (0.2, 0.7),
            Region.STRIATUM: (0.0, 0.5),
            Region.PALLIDUM: (0.5, 1.2),
            Region.BRAINSTEM: (0.0, 0.6),
            Region.CEREBELLUM: (-0.2, 0.3),
        },
        lesion=(0.15, 0.6),
        hole=(0.0, 0.4),
    ),
}


@dataclass(frozen=True)
class Contrast:
    """Grey values of one image: by `Region` for each tissue; then what lesions and their cores add.

    ``regional`` is the strength of the regional differences of real patients, 0 without.
    """

    gm: tuple[float, ...]
    wm: tuple[float, ...]
    csf: tuple[float, ...]
    lesion: float
    hole: float
    regional: float = 0.0


def draw_contrast(rng: np.random.Generator, name: str, normal: NormalContrast | None = None) -> Contrast:
    """Draw the grey values of an image of the kind ``name`` (a key of `LEVELS`).

    With a map of ``normal`` contrast half of the images are near its levels.
    """
    levels = LEVELS[name]
    gm, csf = float(rng.uniform(*levels.gm)), float(rng.uniform(*levels.csf))
    regional = 0.0
    if normal is not None and name in normal.levels and rng.random() < AS_MEASURED:
        regional = float(rng.uniform(0, STRONGEST))
        if rng.random() < 0.5:
            gm = 1 + (normal.levels[name][0] - 1) * float(rng.uniform(0.6, 1.5))
            csf = normal.levels[name][2] * float(rng.uniform(0.5, 1.5))
    elif rng.random() < ANY_CONTRAST:
        gm, csf = float(rng.uniform(0.3, 1.8)), float(rng.uniform(0.0, 3.0))
    grey, white = [gm] * len(Region), [1.0] * len(Region)
    for region, span in levels.deep.items():
        drawn = max(0.0, 1 - regional)  # what the map tells of these parts is not told twice
        grey[region] = gm + (1.0 - gm) * float(rng.uniform(*span)) * drawn
        white[region] = float(rng.normal(1.0, 0.03))
    fluid = [csf] * len(Region)
    fluid[Region.VENTRICLES] = csf * float(rng.uniform(0.85, 1.1))
    grey[Region.VENTRICLES] = fluid[Region.VENTRICLES] + 0.5 * (gm - fluid[Region.VENTRICLES])
    return Contrast(
        gm=tuple(grey),
        wm=tuple(white),
        csf=tuple(fluid),
        lesion=float(rng.uniform(*levels.lesion)),
        hole=float(rng.uniform(*levels.hole)),
        regional=regional,
    )


def paint(
    rng: np.random.Generator,
    anatomy: Anatomy,
    contrast: Contrast,
    *,
    scanned: float,
    deviation: Tensor | None = None,
) -> Tensor:
    """Give a head without lesions its grey values.

    Parameters
    ----------
    rng
        Source of randomness.
    anatomy
        The head.
    contrast
        Grey values of its tissues.
    scanned
        Share of the T1w's own deviation from its tissue means that is laid over the painted tissues: 1 gives
        the texture of the scan, negative values that of an inverse contrast.
    deviation
        How grey matter, white matter and CSF deviate from their levels by place, shape ``(3, x, y, z)``
        (`bidsapp.simulate.sclerosis.normal.NormalContrast.at`).

    Returns
    -------
    Tensor
        Shape ``(x, y, z)``; white matter is about 1, outside of the brain 0.
    """
    region = anatomy.region.long()
    painted = torch.zeros(anatomy.shape)
    mixture = torch.zeros(anatomy.shape)
    for fraction, values in (
        (anatomy.gm, contrast.gm),
        (anatomy.wm, contrast.wm),
        (anatomy.csf, contrast.csf),
    ):
        painted = painted + fraction * torch.tensor(values)[region]
        weight = float(fraction.sum())
        mixture = mixture + fraction * (float((fraction * anatomy.t1w).sum()) / weight if weight else 0.0)
    texture = (anatomy.t1w - mixture) * scanned
    uneven = 1 + 0.04 * smooth_field(rng, 1, int(rng.integers(5, 14)), anatomy.shape)[0]
    grey = smooth_field(rng, 1, int(rng.integers(4, 12)), anatomy.shape)[0] * float(
        rng.uniform(0, GREY_SPREAD)
    )
    painted = painted + anatomy.gm * grey
    if deviation is not None:
        parts = torch.stack([anatomy.gm, anatomy.wm, anatomy.csf])
        painted = painted + contrast.regional * (parts * deviation).sum(0)
    inside = (anatomy.gm + anatomy.wm + anatomy.csf).clamp(0, 1)
    return (painted * uneven + texture * inside).clamp_min(0)
