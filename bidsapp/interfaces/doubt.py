"""Suspects an alignment whose two brains do not lie in each other: the images may be of two places."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bidsapp.images.volume import Volume

ALIGNED = 0.9
"""Least share of an image's brain within that of the reference image; sound pairs have more."""


def doubt_alignment(name: str, own: Volume, reference: Volume) -> list[str]:
    """Say where the brains of two aligned images do not lie in each other.

    The share of the image's own brain counts, so that an image of a part of the brain is not suspected. An
    image that was mirrored keeps its outline: that is not seen.

    Parameters
    ----------
    name
        File of the image that was aligned.
    own, reference
        Brain masks of it and of the image that it was aligned with, on one grid.
    """
    inside = own.data > 0.5
    share = float((reference.data[inside] > 0.5).mean()) if inside.any() else 0.0
    if share >= ALIGNED:
        return []
    return [
        f"{name}: after alignment only {share:.0%} of its brain lies in that of the reference image; look at "
        "it in the report, and mend its header (qform, sform) or exclude it if it is out of place."
    ]
