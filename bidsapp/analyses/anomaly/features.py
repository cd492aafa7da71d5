"""From a member's volumes in standard space to the channels of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bidsapp.analyses.anomaly.options import TISSUES, Options
from bidsapp.analyses.anomaly.space import Space, Vector, brain_of_controls
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume, read_volume

UNITLESS = frozenset({"T1w", "FLAIR", "T2w", "PDw", "ce-gadolinium_T1w"})
_SURE = 0.9
_FEWEST_SURE = 1000
_NAMED = 5


def channels_of(members: Sequence[Member], options: Options) -> tuple[str, ...]:
    """Give the channels: of the recipe's images those that all members have, then its tissues.

    Raises
    ------
    BadDataError
        No image of the recipe is there in all members, and no tissue is named.
    """
    images = [key for key in options.images if all(key in member.standard for member in members)]
    if not images and not options.tissues:
        notes = left_out_images(members, options) or ["None of them is there in any."]
        raise BadDataError(
            f"No image of the recipe ({', '.join(options.images)}) is there in all controls. "
            f"{' '.join(notes)} Choose other --controls, or other images in the recipe."
        )
    return (*images, *options.tissues)


def left_out_images(members: Sequence[Member], options: Options) -> list[str]:
    """Say which images of the recipe are no channels since some members, but not all, lack them."""
    notes = []
    for key in options.images:
        without = [member.name for member in members if key not in member.standard]
        if 0 < len(without) < len(members):
            names = ", ".join(without[:_NAMED]) + (" and others" if len(without) > _NAMED else "")
            notes.append(f"{key} is not used: {len(without)} of {len(members)} controls lack it ({names}).")
    return notes


def common_space(members: Sequence[Member], options: Options) -> Space:
    """Find the voxels that are brain in enough of the controls."""
    first = _read(members[0], "mask")
    total = np.zeros(first.data.shape, dtype=np.float32)
    for member in members:
        mask = _read(member, "mask")
        if not mask.grid.same_as(first.grid):
            raise BadDataError(f"{member.name}: {member.standard['mask']} is not on the grid of the others.")
        total += mask.data > 0.5
    brain = brain_of_controls(total / len(members), options.coverage)
    if not brain.any():
        raise BadDataError("The brain masks of the controls do not overlap; check their registration.")
    return Space(first.grid, brain)


def read_volumes(member: Member, channels: Sequence[str], space: Space) -> dict[str, Vector]:
    """Read the channels, the brain mask and white matter of a member, each of shape ``(voxels,)``.

    Raises
    ------
    BadDataError
        A volume is missing, on another grid, or holds values that are no numbers; or an image is constant.
    """
    volumes = {key: space.gather(_on(member, key, space).data) for key in {*channels, "mask", "WM"}}
    for key in channels:
        where = f"{member.name}: {member.standard[key]}"
        if not np.isfinite(volumes[key]).all():
            raise BadDataError(f"{where} holds values that are no numbers; run participant again.")
        if key not in TISSUES and np.ptp(volumes[key]) == 0:
            raise BadDataError(f"{where} has one value in the whole brain; leave the image or subject out.")
    return volumes


def features_of(
    name: str, volumes: Mapping[str, Vector], channels: Sequence[str], space: Space, fwhm_mm: float
) -> Vector:
    """Scale and smooth the channels.

    MR intensities are divided by their own median over sure white matter; PET (SUVR) and tissue
    probabilities have a unit and stay as they are. Outside of the member's brain all are 0.

    Returns
    -------
    features
        Shape ``(voxels, channels)``.

    Raises
    ------
    BadDataError
        There is no sure white matter, or it is not bright.
    """
    columns = []
    for key in channels:
        values = np.where(volumes["mask"] > 0.5, volumes[key], np.float32(0))
        if key in UNITLESS:
            values = values / np.float32(_white_matter_median(name, values, volumes["WM"]))
        columns.append(space.smooth(values, fwhm_mm))
    return np.stack(columns, axis=-1)


def needed_modalities(channels: Sequence[str]) -> list[str]:
    """Give the channels that are images, which a subject must have."""
    return [key for key in channels if key not in TISSUES]


def _white_matter_median(name: str, values: Vector, white_matter: Vector) -> float:
    sure = white_matter > _SURE
    if int(sure.sum()) < _FEWEST_SURE:
        raise BadDataError(f"{name}: hardly any white matter was found; check mask and registration.")
    median = float(np.median(values[sure]))
    if median <= 0:
        raise BadDataError(f"{name}: white matter is not bright; the intensities cannot be scaled.")
    return median


def _on(member: Member, key: str, space: Space) -> Volume:
    volume = _read(member, key)
    if not volume.grid.same_as(space.grid):
        raise BadDataError(
            f"{member.name}: {member.standard[key]} is not on the grid of the model "
            f"({'x'.join(map(str, space.grid.shape))} voxels); run participant with --output-resolution 2."
        )
    return volume


def _read(member: Member, key: str) -> Volume:
    path: Path | None = member.standard.get(key)
    if path is None:
        remedy = "run participant again"
        if key not in (*TISSUES, "mask"):
            remedy += ", or choose a --bundle that does without it"
        raise BadDataError(f"{member.name} has no {key} in standard space; {remedy}.")
    return read_volume(path)
