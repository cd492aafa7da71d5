"""What looks like a lesion or like enhancement, and is none: every healthy brain has some of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bidsapp.simulate.sclerosis.anatomy import Anatomy, Region
from bidsapp.simulate.sclerosis.neighbourhood import largest_around, mean_around
from bidsapp.simulate.warp import smooth_field


def tubes(rng: np.random.Generator, shape: tuple[int, ...], *, knots: int, width: float) -> Tensor:
    """Draw curved tubes, where two smooth random fields are both near zero: vessels.

    Returns
    -------
    Tensor
        1 on the middle of a tube and 0 beyond its wall, shape ``shape``.
    """
    first, second = smooth_field(rng, 2, knots, shape)
    distance: Tensor = (first**2 + second**2).sqrt()
    return (1 - distance / width).clamp(0, 1)


@dataclass(frozen=True, eq=False)
class Traps:
    """Where the traps of one head are, each in about 0..1, shape ``(x, y, z)``.

    Attributes
    ----------
    caps
        Bright lining of ventricles.
    plexus
        Choroid plexus.
    flow
        Signal of moving fluid on FLAIR.
    vessels
        Vessels in sulci and white matter.
    spaces
        Perivascular spaces.
    meninges
        Patches of the outermost 2 mm.
    """

    caps: Tensor
    plexus: Tensor
    flow: Tensor
    vessels: Tensor
    spaces: Tensor
    meninges: Tensor

    def show(self, rng: np.random.Generator, image: Tensor, name: str, csf: float) -> Tensor:
        """Lay the traps over an image of the kind ``name`` whose fluid has the level ``csf``."""
        chance = rng.random(4)
        if name in ("FLAIR", "T2w", "PDw"):
            image = image + self.caps * float(rng.uniform(0, 0.4)) * (chance[0] < 0.7)
        if name == "FLAIR":
            image = image + self.flow * float(rng.uniform(0, 0.7)) * (chance[1] < 0.5)
        if chance[2] < 0.6:
            image = torch.lerp(image, torch.full_like(image, csf), self.spaces * float(rng.uniform(0.2, 0.8)))
        if chance[3] < 0.6:
            vessel = float(rng.uniform(0.2, 0.8)) if name != "T1w" else float(rng.uniform(0.4, 1.4))
            image = torch.lerp(image, torch.full_like(image, vessel), self.vessels * 0.7)
        plexus = 0.75 if name == "T1w" else float(rng.uniform(0.9, 2.0))
        return torch.lerp(image, torch.full_like(image, plexus), self.plexus * float(rng.uniform(0.3, 0.9)))

    def enhance(self, rng: np.random.Generator) -> Tensor:
        """Give what contrast agent adds to vessels, meninges and choroid plexus (white matter = 1)."""
        vessels = self.vessels * float(rng.uniform(0.5, 1.5))
        meninges = self.meninges * float(rng.uniform(0, 0.6))
        return vessels + meninges + self.plexus * float(rng.uniform(0.3, 1.0))


def draw_traps(rng: np.random.Generator, anatomy: Anatomy) -> Traps:
    """Draw the traps of one head."""
    shape = anatomy.shape
    ventricles = (anatomy.region == int(Region.VENTRICLES)).float()
    rim = _dilate(ventricles, int(rng.choice([3, 5]))) * (1 - ventricles) * (anatomy.wm + anatomy.gm)
    caps = rim * smooth_field(rng, 1, int(rng.integers(6, 14)), shape)[0].add(0.5).clamp(0, 1.5)
    plexus = ventricles * (smooth_field(rng, 1, int(rng.integers(8, 16)), shape)[0] > 1.0)
    flow = anatomy.csf * smooth_field(rng, 1, int(rng.integers(6, 12)), shape)[0].clamp(0, 2)
    vessels = torch.maximum(
        tubes(rng, shape, knots=int(rng.integers(6, 12)), width=0.2) * (anatomy.csf + anatomy.gm).clamp(0, 1),
        tubes(rng, shape, knots=int(rng.integers(4, 8)), width=0.06) * anatomy.wm,
    )
    spaces = tubes(rng, shape, knots=int(rng.integers(14, 24)), width=0.15) * anatomy.wm
    outer = 1 - _erode(anatomy.brain.float(), 5)
    patches = smooth_field(rng, 1, int(rng.integers(6, 14)), shape)[0].clamp(0, 1.5)
    return Traps(caps, plexus.float(), flow, vessels, spaces, outer * anatomy.brain * patches)


def _dilate(mask: Tensor, size: int) -> Tensor:
    return mean_around(largest_around(mask, size), 3)


def _erode(mask: Tensor, size: int) -> Tensor:
    return 1 - largest_around(1 - mask, size)
