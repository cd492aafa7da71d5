"""Features of normality: each file is one way to learn them, from patches or slices of controls alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

from bidsapp.errors import BadDataError

if TYPE_CHECKING:
    from torch import Tensor

    from bidsapp.analyses.anomaly.representations.batch import Batch
    from bidsapp.networks.dense import DenseNetwork
    from bidsapp.networks.patches import PatchShape
    from bidsapp.networks.slices import SliceShape

SLICE_NAMES = ("autoencoder", "siamese", "variational", "wasserstein")
ADVERSARIAL_NAMES = ("bigan", "fanogan", "contextual")
NAMES = SLICE_NAMES + ADVERSARIAL_NAMES

Network = TypeVar("Network", bound="DenseNetwork")


class Representation(Protocol[Network]):
    """One way to learn features of patches, or of slices.

    Attributes
    ----------
    context
        Whether its batches must carry surroundings and positions.
    """

    context: ClassVar[bool]

    def network(self, shape: PatchShape | SliceShape) -> Network:
        """Build an untrained network of patches or of slices, as the shape says.

        Raises
        ------
        BadDataError
            This representation has no network of slices.
        """
        ...

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Give the loss of its network on a batch of pairs."""
        ...


def representation(name: str, options: Mapping[str, object]) -> Representation[DenseNetwork]:
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
        made: Representation[DenseNetwork] = factory(**options)
    except TypeError as error:
        raise BadDataError(f"Representation {name}: {error}; see its file for the options.") from error
    return made


__all__ = ["ADVERSARIAL_NAMES", "NAMES", "SLICE_NAMES", "Representation", "representation"]
