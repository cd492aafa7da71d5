"""From the files of a session to what models see: coarse volumes, regions, signals, the bedside."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.patient import ANOMALY, Patient, Series
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.images.templates import load_atlas
from bidsapp.images.volume import read_volume

TISSUES = frozenset({"mask", "GM", "WM", "CSF"})
WITHOUT_UNIT = frozenset({"T1w", "T2w", "FLAIR", "PDw", "ce-gadolinium_T1w"})
"""Images whose grey values mean nothing by themselves; all others are in a unit, or a ratio."""
LESION, LOG_VOLUME = "lesion", "log_volume"
"""Key of a lesion mask in standard space, and the covariate that is made of it."""
_RESOLUTION = 2
_BLOCK = 2  # of voxels; the grid of models is 4 mm
_MAD_TO_SD = 1.4826
_FARTHEST = 6.0  # robust standard deviations; beyond lie vessels and artefacts
_FEWEST_VOXELS = 20

Image = NDArray[np.float32]


def encode(member: Member, *, atlas: str, volumes: bool = True) -> Patient:
    """Read all that there is of a session.

    Parameters
    ----------
    member
        With volumes in standard space at 2 mm, its tables of signals, what the anomaly analysis found in each
        region, and covariates.
    atlas
        Its regions' means are taken; see :func:`bidsapp.images.templates.load_atlas`.
    volumes
        Whether the volumes are kept, too; models of regions do without.

    Returns
    -------
    Patient
        Volumes of 4 mm, shape (48, 57, 48), zero outside the brain. Those without a unit (T1w, ...) are in
        robust standard deviations around the median of the brain. A lesion mask is taken whole, brain or
        not, and gives the covariate ``log_volume``.

    Raises
    ------
    BadDataError
        A volume is not on the grid of standard space or is constant, or a table of signals is damaged.
    """
    images = {key: _read(path, member, key) for key, path in member.standard.items() if key not in TISSUES}
    lesion = images.pop(LESION, None)
    brain = _read(member.standard["mask"], member, "mask") > 0.5 if images else None
    scaled = {key: _inside(image, brain, member, key) for key, image in images.items()}
    regions = {key: region_means(image, brain, atlas) for key, image in scaled.items()}
    if ANOMALY in member.regions:
        regions[ANOMALY] = dict(member.regions[ANOMALY].values)
    clinical = dict(member.covariates)
    if lesion is not None:
        scaled[LESION] = lesion
        regions[LESION], clinical[LOG_VOLUME] = lesion_load(lesion, atlas)
    return Patient(
        subject=member.subject,
        session=member.session,
        volumes={key: coarse(image) for key, image in scaled.items()} if volumes else {},
        series={key: read_series(path) for key, path in member.series.items()},
        regions=regions,
        clinical=clinical,
    )


def lesion_load(share: Image, atlas: str) -> tuple[dict[str, float], float]:
    """Give the share of each region that is lesioned, and log(1 + volume in ml).

    Parameters
    ----------
    share
        Share of each voxel of 2 mm of standard space within the mask, 0 to 1.
    atlas
        See :func:`bidsapp.images.templates.load_atlas`.
    """
    millilitres = float(share.sum(dtype=np.float64)) * _RESOLUTION**3 / 1000
    return region_means(share, None, atlas), float(np.log1p(millilitres))


def coarse(image: Image) -> Image:
    """Average blocks of 2 x 2 x 2 voxels; an odd last plane is left out."""
    shape = [size // _BLOCK for size in image.shape]
    cut = image[tuple(slice(size * _BLOCK) for size in shape)]
    blocks = cut.reshape(shape[0], _BLOCK, shape[1], _BLOCK, shape[2], _BLOCK)
    return np.asarray(blocks.mean(axis=(1, 3, 5)), dtype=np.float32)


def region_means(image: Image, brain: NDArray[np.bool_] | None, atlas: str) -> dict[str, float]:
    """Give the mean of each region of an atlas, by ``left Thalamus Proper``; empty regions are left out."""
    labels, names = _parcels(atlas)
    inside = np.where(brain, labels, 0) if brain is not None else labels
    counts = np.bincount(inside.ravel(), minlength=len(names))
    sums = np.bincount(inside.ravel(), image.ravel().astype(np.float64), minlength=len(names))
    return {
        name: float(sums[index] / counts[index])
        for index, name in enumerate(names)
        if name and counts[index] >= _FEWEST_VOXELS
    }


@lru_cache(maxsize=2)
def _parcels(atlas: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Give the label map at 2 mm, and the name of each label (empty where the atlas names none)."""
    loaded = load_atlas(_RESOLUTION, name=atlas)
    labels = np.rint(loaded.labels.data).astype(np.int64)
    names = [""] * (int(labels.max()) + 1)
    for region in loaded.regions:
        words = region.name.replace("_", " ")
        for side in ("Right ", "Left "):
            words = words.removeprefix(side)
        side = "" if region.side == "none" else f"{region.side} "
        names[region.index] = side + words.removesuffix(" L").removesuffix(" R")
    return labels, tuple(names)


def read_series(path: Path) -> Series:
    """Read a table of signals and the timing beside it; ``n/a`` (a region out of the image) becomes NaN.

    Raises
    ------
    BadDataError
        A value is not a number, a row has another length, or the timing has another number of frames.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            header, *rows = list(csv.reader(stream, delimiter="\t"))
        values = np.array([[_number(cell) for cell in row] for row in rows], dtype=np.float32)
        timing: Mapping[str, list[float]] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        starts = np.array(timing["FrameTimesStart"], dtype=np.float64)
        durations = np.array(timing["FrameDuration"], dtype=np.float64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadDataError(
            f"{path} or its JSON is damaged ({error}); preprocess the subject again."
        ) from error
    if values.shape != (starts.size, len(header)) or durations.shape != starts.shape:
        raise BadDataError(
            f"{path} has {values.shape[0]} frames, its JSON the times of {starts.size}; "
            "preprocess the subject again."
        )
    return Series(regions=tuple(header), values=values, times=starts + durations / 2, durations=durations)


def _number(cell: str) -> float:
    return np.nan if cell == "n/a" else float(cell)


def _read(path: Path, member: Member, key: str) -> Image:
    image = read_volume(path).data
    expected = load_shape()
    if image.shape != expected:
        raise BadDataError(
            f"{member.name}: {key} in standard space has shape {image.shape}, not {expected}; "
            "preprocess the subject again."
        )
    return np.asarray(image, dtype=np.float32)


def load_shape() -> tuple[int, ...]:
    """Give the shape of standard space at 2 mm."""
    from bidsapp.images.templates import template_grid

    return template_grid(_RESOLUTION).shape


def _inside(image: Image, brain: NDArray[np.bool_] | None, member: Member, key: str) -> Image:
    """Put grey values on one scale where they have no unit; zero outside the brain."""
    if brain is None or key not in WITHOUT_UNIT:
        return image if brain is None else np.where(brain, image, np.float32(0))
    values = image[brain]
    median = np.median(values)
    spread = _MAD_TO_SD * np.median(np.abs(values - median))
    if not spread > 0:
        raise BadDataError(f"{member.name}: {key} is constant in the brain; look at it and leave it out.")
    scaled = np.clip((image - median) / spread, -_FARTHEST, _FARTHEST)
    return np.asarray(np.where(brain, scaled, 0), dtype=np.float32)
