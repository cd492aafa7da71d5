"""Looks into every image of a session before anything runs: a broken one costs seconds, not minutes."""

from __future__ import annotations

from bidsapp.errors import BidsAppError, NoInputError
from bidsapp.images.checks import check_image, check_series
from bidsapp.inputs import Inputs


def check_anatomy(inputs: Inputs) -> None:
    """Ask for one anatomical image at least: everything else is aligned to it.

    Raises
    ------
    NoInputError
        There is none; the sentence says which files were left out and why.
    """
    if not any(image.datatype == "anat" for image in inputs.images.values()):
        why = " ".join(inputs.notes) or "Add one or exclude the subject."
        raise NoInputError(f"{inputs.name}: no anatomical image (T1w, FLAIR, T2w, PDw) can be used. {why}")


def check_inputs(inputs: Inputs) -> None:
    """Read each image as the workflow will.

    Raises
    ------
    BidsAppError
        Of the class of the first error; the sentence names the session and every broken file.
    """
    check_anatomy(inputs)
    errors: list[BidsAppError] = []
    for image in inputs.images.values():
        try:
            if image.datatype == "anat":
                check_image(image.path)
            else:
                check_series(image.path)
        except BidsAppError as error:
            errors.append(error)
    if errors:
        raise type(errors[0])(f"{inputs.name}: " + " ".join(str(error) for error in errors))
