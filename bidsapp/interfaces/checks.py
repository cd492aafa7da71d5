"""Looks into every image of a session before anything runs: a broken one costs seconds, not minutes."""

from __future__ import annotations

from bidsapp.bids.listing import modalities
from bidsapp.errors import BidsAppError, NoInputError
from bidsapp.images.checks import check_image, check_series
from bidsapp.inputs import Image, Inputs

SIGNALS = "timeseries"
"""Modality of ready signals of regions, which need no image to lie on."""
LESION = "lesion"
"""Modality of lesion masks in standard space, which need none either."""
WITHOUT_ANATOMY = frozenset({SIGNALS, LESION})


def has_anatomy(inputs: Inputs) -> bool:
    """Tell whether there is an anatomical image, on which other images can be laid."""
    return any(_is_anatomical(image) for image in inputs.images.values())


def _is_anatomical(image: Image) -> bool:
    return modalities()[image.modality].reference_rank > 0


def check_anatomy(inputs: Inputs) -> None:
    """Ask for one anatomical image at least, since other images are aligned to it, or for what needs none.

    Raises
    ------
    NoInputError
        There is none; the sentence says which files were left out and why.
    """
    if not has_anatomy(inputs) and not WITHOUT_ANATOMY & set(inputs.images):
        why = " ".join(inputs.notes) or "Add one or exclude the subject."
        raise NoInputError(f"{inputs.name}: no anatomical image (T1w, FLAIR, T2w, PDw) can be used. {why}")


def check_inputs(inputs: Inputs) -> None:
    """Read each image as the workflow will.

    Of the modalities that a session can do without only static PET is read: what is wrong with another one
    is found, and said, where it is prepared, and costs that modality alone.

    Raises
    ------
    BidsAppError
        Of the class of the first error; the sentence names the session and every broken file.
    """
    check_anatomy(inputs)
    errors: list[BidsAppError] = []
    for image in inputs.images.values():
        try:
            if _is_anatomical(image):
                check_image(image.path)
            elif image.datatype == "pet":
                check_series(image.path)
        except BidsAppError as error:
            errors.append(error)
    if errors:
        raise type(errors[0])(f"{inputs.name}: " + " ".join(str(error) for error in errors))
