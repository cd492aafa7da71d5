"""Which representations are for patches alone."""

from __future__ import annotations

from bidsapp.errors import BadDataError
from bidsapp.networks.patches import PatchShape
from bidsapp.networks.slices import SliceShape


def patches_only(shape: PatchShape | SliceShape, name: str) -> PatchShape:
    """Give the shape of a patch network.

    Raises
    ------
    BadDataError
        The shape is that of a slice.
    """
    if isinstance(shape, SliceShape):
        raise BadDataError(f"Representation {name} is for patches, not for slices; choose patches.")
    return shape
