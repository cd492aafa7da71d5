"""Looks into every image of a session before anything runs: a broken one costs seconds, not minutes."""

from __future__ import annotations

from bidsapp.errors import BidsAppError
from bidsapp.images.checks import check_image, check_series
from bidsapp.inputs import Inputs


def check_inputs(inputs: Inputs) -> None:
    """Read each image as the workflow will.

    Raises
    ------
    BidsAppError
        Of the class of the first error; the sentence names the session and every broken file.
    """
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
