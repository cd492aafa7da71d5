"""What a representation learns from at a time."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Co-located patches, or slices, of pairs of controls.

    Attributes
    ----------
    pairs
        Shape ``(2, n, channels, 15, 15[, 15])``, or ``(2, n, channels, x, y)`` for slices.
    number
        Which batch it is, from 0; a training in stages goes by it, also after a restart.
    surroundings
        Of the patches, same shape, for representations that ask for context; see
        `bidsapp.networks.surroundings`.
    positions
        Of the patches in the volume, -1 to 1 along each axis, shape ``(n, 3)``; as above.
    """

    pairs: Tensor
    number: int
    surroundings: Tensor | None = None
    positions: Tensor | None = None
