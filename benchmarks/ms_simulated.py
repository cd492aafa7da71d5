"""Simulated patients on heads that no training saw, for the benchmarks of multiple sclerosis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from ms_patients import Array, Mask

from bidsapp.analyses.ms.channels import IMAGES
from bidsapp.simulate.sclerosis.anatomy import HealthyHead, show
from bidsapp.simulate.sclerosis.examination import Severity, examine
from bidsapp.simulate.sclerosis.outlines import LesionMasks
from bidsapp.simulate.warp import random_points

SEED = 20261121
JITTER_MM = 10.0


@dataclass(frozen=True, eq=False)
class Simulated:
    """A cube of a simulated patient (1 mm): images by kind, and the truth."""

    name: str
    images: Mapping[str, Array]
    brain: Mask
    lesion: Mask
    active: Mask


def simulate(heads: Sequence[HealthyHead], outlines: LesionMasks | None, number: int, size: int) -> Simulated:
    """Make one of the heads ill, with the traps, the noise and the earlier visit of the training's generator.

    Parameters
    ----------
    heads
        Patient ``number`` has the head of that number, again from the first where there are fewer.
    outlines
        Lesion masks of real patients, for three in four patients; without them all lesions are drawn.
    number
        Of the patient; it decides everything.
    size
        Edge of the cube around the middle of the white matter, in mm.
    """
    rng = np.random.default_rng([SEED, number])
    head = heads[number % len(heads)]
    middle = (head.tissue[1] > 127).nonzero().float().mean(dim=0)
    middle = middle + torch.from_numpy(rng.uniform(-JITTER_MM, JITTER_MM, 3).astype(np.float32))
    points = random_points(rng, (size, size, size), middle, scale=0.12, elastic=1.5)
    anatomy = show(head, points, sharpness=float(rng.uniform(1, 3)))
    seen = examine(rng, anatomy, outlines, Severity(healthy=0.0, some_active=1.0), IMAGES)
    assert seen.lesion is not None
    assert seen.active is not None
    return Simulated(
        name=f"simulated-{number:03d}-{size}",
        images={name: np.asarray(image.numpy(), dtype=np.float32) for name, image in seen.images.items()},
        brain=seen.brain.numpy(),
        lesion=seen.lesion.numpy(),
        active=seen.active.numpy(),
    )
