"""The one encoding of an examination that the lesion network reads, with any subset of contrasts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

CONTRASTS = ("T1w", "T2w", "FLAIR", "PDw")
PRIOR = "prior_FLAIR"
POST = "ce-gadolinium_T1w"
IMAGES = (*CONTRASTS, PRIOR)
OUTPUTS = ("lesion", "active", "post", "post_log_scale")
LEVEL = 1.0
"""Grey value of the median of white matter, as preprocessing scales it."""

SPREAD = {"T1w": 0.25, "T2w": 0.8, "FLAIR": 0.3, "PDw": 0.3, PRIOR: 0.3, POST: 0.25}
"""Typical deviation from white matter in each image, so that all channels have a like range."""

REACH = 6.0


def standardise(image: Tensor, name: str) -> Tensor:
    """Turn grey values (white matter = 1) into channel values: 0 at white matter, clipped at +-6."""
    return ((image - LEVEL) / SPREAD[name]).clamp(-REACH, REACH)


def encode(images: Mapping[str, Tensor], brain: Tensor, used: Collection[str]) -> Tensor:
    """Stack image channels and presence channels.

    Parameters
    ----------
    images
        By name of `IMAGES`; white matter = 1, shape ``(x, y, z)``.
    brain
        True inside of the brain, same shape.
    used
        Which of the images the network may see; all others are encoded as absent.

    Returns
    -------
    Tensor
        Shape ``(10, x, y, z)``, float32: five images, 0 outside of the brain and where absent; then for
        each 1 where it is there and 0 where not.
    """
    import torch

    empty = torch.zeros(brain.shape)
    shown = [standardise(images[name], name) * brain if name in used else empty for name in IMAGES]
    there = [torch.full(brain.shape, float(name in used)) for name in IMAGES]
    return torch.stack(shown + there)
