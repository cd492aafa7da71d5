"""From a raw ASL series to blood flow: what each volume is, no motion, M0, the model, quality in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.labelling import Labelling, read_labelling
from bidsapp.images.perfusion import PARTITION, flow, keep_longest, pair_up, recovered
from bidsapp.images.volume import Volume
from bidsapp.images.volume_motion import follow_head, mean_motion, put_back

_SHOWN = ("control", "label", "m0scan", "deltam", "cbf")  # in the order in which they show a head best


@dataclass(frozen=True, eq=False)
class Series:
    """An ASL series as the dataset gives it.

    Parameters
    ----------
    name
        Of the file, for errors.
    frames
        Volumes of one grid.
    kinds
        What each is: ``control``, ``label``, ``m0scan``, ``deltam``, ``cbf``.
    metadata
        The sidecar.
    m0
        The separate calibration volume, on any grid, and the seconds that it recovered for, if known.
    """

    name: str
    frames: Sequence[Volume]
    kinds: Sequence[str]
    metadata: Mapping[str, object]
    m0: tuple[Volume, float | None] | None = None


@dataclass(frozen=True, eq=False)
class Perfusion:
    """Blood flow (ml/100 g/min) on the grid of the series, 0 outside the brain; motion (mm); sentences."""

    cbf: Volume
    motion_mm: float
    notes: tuple[str, ...]


def mean_shown(frames: Sequence[Volume], kinds: Sequence[str]) -> Volume:
    """Average the volumes that show the head best: controls where there are some."""
    for kind in _SHOWN:
        chosen = [frame.data for frame, own in zip(frames, kinds, strict=True) if own == kind]
        if chosen:
            return frames[0].with_data(np.mean(chosen, axis=0))
    raise BadDataError("aslcontext.tsv names no volume that flow can come from.")


def check_asl(series: Series) -> None:
    """Refuse a series that flow cannot come from, before anything is computed.

    Raises
    ------
    BadDataError
        Timing, pairs or calibration are missing or disagree.
    """
    if "cbf" in series.kinds:
        return
    labelling, _ = read_labelling(series.metadata, series.name, series.kinds)
    _differences(series, list(series.frames), labelling)
    _check_calibration(series, labelling)


def map_perfusion(series: Series, mask: Volume) -> Perfusion:
    """Undo motion and compute flow; flow that is given is averaged and used as it is.

    Parameters
    ----------
    series
        The ASL series.
    mask
        Brain on its grid.

    Raises
    ------
    BadDataError
        Timing, pairs or calibration are missing or disagree, or the mask is empty.
    """
    brain = mask.data > 0.5
    if "cbf" in series.kinds:
        given = mean_shown(*_of_kind(series, "cbf"))
        return Perfusion(given.with_data(given.data * brain), 0.0, ("flow was given, and used as it is",))
    labelling, notes = read_labelling(series.metadata, series.name, series.kinds)
    _check_calibration(series, labelling)
    fixed = mean_shown(series.frames, series.kinds)
    frames, motion = _still(series, fixed, mask)
    difference, volume, more = _differences(series, frames, labelling)
    m0, calibration = _calibration(series, frames, fixed, mask, labelling)
    cbf = flow(difference, m0, labelling, volume)
    return Perfusion(fixed.with_data(cbf * brain), motion, (*notes, *more, *calibration))


def _of_kind(series: Series, kind: str) -> tuple[list[Volume], list[str]]:
    chosen = [frame for frame, own in zip(series.frames, series.kinds, strict=True) if own == kind]
    return chosen, [kind] * len(chosen)


def _still(series: Series, fixed: Volume, mask: Volume) -> tuple[list[Volume], float]:
    moved = [place for place, kind in enumerate(series.kinds) if kind in {"control", "label", "m0scan"}]
    frames = list(series.frames)
    if not moved:
        return frames, 0.0
    matrices = follow_head(fixed, [frames[place] for place in moved], mask, models=["rigid"] * len(moved))
    for place, matrix in zip(moved, matrices, strict=True):
        frames[place] = put_back(frames[place], matrix, fixed.grid)
    return frames, mean_motion(matrices, mask)


def _differences(
    series: Series, frames: Sequence[Volume], labelling: Labelling
) -> tuple[NDArray[np.float64], int, list[str]]:
    """Average control minus label; give it, a volume with its timing, and sentences."""
    given = [place for place, kind in enumerate(series.kinds) if kind == "deltam"]
    if given:
        kept, notes = keep_longest(given, labelling)
        parts = [frames[place].data for place in sorted(kept)]
        return np.mean(parts, axis=0, dtype=np.float64), min(kept), [*notes, "differences were given"]
    pairs, notes = pair_up(series.kinds, labelling)
    parts = [frames[control].data - frames[label].data for control, label in pairs]
    return np.mean(parts, axis=0, dtype=np.float64), pairs[0][0], notes


def _check_calibration(series: Series, labelling: Labelling) -> None:
    known = series.m0 is not None or "m0scan" in series.kinds or "M0Estimate" in series.metadata
    if known:
        return
    if "control" not in series.kinds:
        raise BadDataError(
            f"{series.name} has no M0 (m0scan, M0Estimate) and no control volume; add its m0scan."
        )
    if labelling.suppressed:
        raise BadDataError(
            f"{series.name} has no M0, and its control volumes are background-suppressed; add its m0scan."
        )


def _calibration(
    series: Series, frames: Sequence[Volume], fixed: Volume, mask: Volume, labelling: Labelling
) -> tuple[NDArray[np.float64], list[str]]:
    """Give M0: the separate volume, else the one in the series, else the stated number, else the controls."""
    if series.m0 is not None:
        volume, repetition = series.m0
        (matrix,) = follow_head(fixed, [volume], mask, models=["rigid"])
        return _recovered(put_back(volume, matrix, fixed.grid).data, repetition)
    for kind in ("m0scan", "control"):
        estimate = series.metadata.get("M0Estimate")
        if kind == "control" and isinstance(estimate, int | float):
            tissue = float(estimate) * PARTITION  # BIDS states the M0 of blood
            return np.full(fixed.data.shape, tissue), [f"M0 of blood is the stated number {estimate:g}"]
        chosen = [frame.data for frame, own in zip(frames, series.kinds, strict=True) if own == kind]
        if chosen:
            estimated = ["M0 was estimated from the control volumes"] if kind == "control" else []
            m0, notes = _recovered(np.mean(chosen, axis=0), labelling.repetition)
            return m0, [*estimated, *notes]
    raise BadDataError(f"{series.name} has no M0; add its m0scan.")


def _recovered(m0: NDArray[np.floating], repetition: float | None) -> tuple[NDArray[np.float64], list[str]]:
    if repetition is None:
        return recovered(m0, None), [
            "RepetitionTimePreparation of M0 is not stated; M0 was taken as recovered"
        ]
    return recovered(m0, repetition), []
