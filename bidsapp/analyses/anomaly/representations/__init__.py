"""Features of normality: each file is one way to learn, from controls alone, what patches look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from bidsapp.errors import BadDataError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bidsapp.networks.patches import PatchShape

NAMES = ("autoencoder", "siamese", "variational", "wasserstein")


class Representation(Protocol):
    """One way to learn features of patches."""

    def network(self, shape: PatchShape) -> nn.Module:
        """Build an untrained network whose ``encode_dense`` gives the features of every voxel."""
        ...

    def loss(self, network: nn.Module, pairs: Tensor) -> Tensor:
        """Give the loss of pairs of co-located patches, shape ``(2, n, channels, 15, 15[, 15])``."""
        ...


def representation(name: str, options: Mapping[str, object]) -> Representation:
    """Give a representation by its name, set up as the recipe's table says.

    Raises
    ------
    BadDataError
        No such representation, or no such option of it.
    """
    from importlib import import_module

    if name not in NAMES:
        raise BadDataError(f"There is no representation '{name}'; choose from {', '.join(NAMES)}.")
    factory = import_module(f"{__name__}.{name}").REPRESENTATION
    try:
        made: Representation = factory(**options)
    except TypeError as error:
        raise BadDataError(f"Representation {name}: {error}; see its file for the options.") from error
    return made


__all__ = ["NAMES", "Representation", "representation"]
