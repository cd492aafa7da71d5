"""What an ASL series is: which volume was labelled, and when, as its sidecar and ``aslcontext.tsv`` say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.bold_frames import slice_axis, slice_order
from bidsapp.limits import NUMBERS_BYTES
from bidsapp.reading import read_bytes, split_table

EFFICIENCY = {"PCASL": 0.85, "CASL": 0.68, "PASL": 0.98}
"""Share of blood that is inverted: Alsop 2015 for PCASL and PASL; Wang 2005 (Radiology 235:218) for CASL."""
T1_BLOOD = {3.0: 1.65, 1.5: 1.35}
"""Longitudinal relaxation of blood in seconds by field strength (Alsop 2015, MRM 73:102)."""
_PULSE = 0.95  # of the label is left by each background-suppression pulse (Garcia 2005, MRM 54:366)
_SAME_FIELD = 0.5  # T; a scanner of 2.89 T is one of 3 T
_KINDS = frozenset({"control", "label", "m0scan", "deltam", "cbf", "norf", "n/a"})


@dataclass(frozen=True, eq=False)
class Labelling:
    """How blood was labelled.

    Parameters
    ----------
    kind
        ``PCASL``, ``CASL`` or ``PASL``.
    delay
        Shape ``(n,)``, s: from the end of the label (PASL: from the inversion) to each volume.
    duration
        Shape ``(n,)``, s: of the label; for PASL the time after which the bolus was cut off.
    efficiency
        Share of the blood that is inverted.
    t1_blood
        Seconds.
    suppressed
        Whether static tissue was suppressed, so that control volumes are no measure of M0.
    slice_delays
        Seconds to each slice of a two-dimensional readout, from the first slice of the file on; empty for
        others.
    slice_axis
        Axis of the slices.
    repetition
        Seconds between excitations that M0 recovered for; ``None`` where it is not known.
    """

    kind: str
    delay: NDArray[np.float64]
    duration: NDArray[np.float64]
    efficiency: float
    t1_blood: float
    suppressed: bool
    slice_delays: tuple[float, ...]
    slice_axis: int
    repetition: float | None


def read_context(path: Path | None, image: str, volumes: int) -> tuple[str, ...]:
    """Read the kind of each volume from ``aslcontext.tsv``.

    Raises
    ------
    BadDataError
        There is none, it has another length than the image, or a word that BIDS does not know.
    NoInputError
        It cannot be opened.
    """
    if path is None:
        raise BadDataError(f"{image} has no aslcontext.tsv, which says what each volume is; add it.")
    text = read_bytes(path, NUMBERS_BYTES).decode("utf-8-sig", "replace")
    header, *rows = split_table(text, path) or [[]]
    place = header.index("volume_type") if "volume_type" in header else len(header)
    kinds = tuple(row[place].strip().lower() if place < len(row) else "" for row in rows if any(row))
    if len(kinds) != volumes:
        raise BadDataError(f"{path} has {len(kinds)} rows for {volumes} volumes of {image}; correct it.")
    unknown = sorted(set(kinds) - _KINDS)
    if unknown:
        raise BadDataError(f"{path}: '{unknown[0]}' is no volume_type of BIDS; correct it.")
    return kinds


def read_labelling(
    metadata: Mapping[str, object], image: str, kinds: Sequence[str]
) -> tuple[Labelling, list[str]]:
    """Read the timing of a series from its sidecar.

    Parameters
    ----------
    metadata
        The sidecar, in the seconds of BIDS.
    image
        Name of the file, for errors.
    kinds
        What each volume is (:func:`read_context`).

    Returns
    -------
    labelling, notes
        The timing, and sentences on what was assumed.

    Raises
    ------
    BadDataError
        A time is missing, makes no sense or has another length than the series.
    """
    kind = str(metadata.get("ArterialSpinLabelingType", ""))
    if kind not in EFFICIENCY:
        raise BadDataError(
            f"{image}: ArterialSpinLabelingType is '{kind}', not PCASL, CASL or PASL; correct it."
        )
    field = "BolusCutOffDelayTime" if kind == "PASL" else "LabelingDuration"
    delay, times = metadata.get("PostLabelingDelay"), metadata.get(field)
    if delay is None or times is None:
        missing = "PostLabelingDelay" if delay is None else field
        raise BadDataError(f"{image}: the sidecar has no {missing}, without which no CBF can be had; add it.")
    if kind == "PASL" and isinstance(times, list):  # the start of QUIPSS II or Q2TIPS ends the bolus
        times = min(filter(_is_number, times), default=None)
    notes: list[str] = []
    return Labelling(
        kind=kind,
        delay=_per_volume(delay, "PostLabelingDelay", image, kinds),
        duration=_per_volume(times, field, image, kinds),
        efficiency=_efficiency(metadata, kind, notes),
        t1_blood=_t1_blood(metadata, notes),
        suppressed=bool(metadata.get("BackgroundSuppression", False)),
        slice_delays=_slice_delays(metadata),
        slice_axis=slice_axis(dict(metadata)),
        repetition=recovery_time(metadata, kinds),
    ), notes


def _per_volume(value: object, field: str, image: str, kinds: Sequence[str]) -> NDArray[np.float64]:
    try:
        times = np.asarray(value, dtype=np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise BadDataError(f"{image}: {field} must hold seconds; correct the sidecar.") from error
    if times.size not in {1, len(kinds)}:
        raise BadDataError(
            f"{image}: {field} has {times.size} times for {len(kinds)} volumes; correct the sidecar."
        )
    times = np.broadcast_to(times, (len(kinds),))
    timed = np.array([kind in {"control", "label", "deltam"} for kind in kinds])
    if not np.isfinite(times).all() or (times[timed] <= 0).any() or (times > 20).any():
        raise BadDataError(f"{image}: {field} must hold seconds above 0 and below 20; correct the sidecar.")
    return times


def _efficiency(metadata: Mapping[str, object], kind: str, notes: list[str]) -> float:
    stated = metadata.get("LabelingEfficiency")
    if isinstance(stated, int | float) and 0 < stated <= 1:
        return float(stated)
    value = EFFICIENCY[kind]
    pulses = metadata.get("BackgroundSuppressionNumberPulses")
    if metadata.get("BackgroundSuppression") and isinstance(pulses, int):
        value *= _PULSE**pulses
    elif metadata.get("BackgroundSuppression"):
        notes.append(
            "the number of background-suppression pulses is not stated; what they take of the label "
            "(about 5 % each) is not corrected, so that CBF is too low by as much"
        )
    notes.append(f"labelling efficiency is not stated; {value:.2f} was taken for {kind}")
    return value


def _t1_blood(metadata: Mapping[str, object], notes: list[str]) -> float:
    stated = metadata.get("MagneticFieldStrength")
    if not isinstance(stated, int | float):
        notes.append("the field strength is not stated; 3 T was taken for the T1 of blood")
        return T1_BLOOD[3.0]
    nearest = min(T1_BLOOD, key=lambda field: abs(field - float(stated)))
    if abs(nearest - stated) > _SAME_FIELD:
        notes.append(f"the T1 of blood at {nearest:g} T was taken, though the field is {stated:g} T")
    return T1_BLOOD[nearest]


def _slice_delays(metadata: Mapping[str, object]) -> tuple[float, ...]:
    times = metadata.get("SliceTiming")
    if metadata.get("MRAcquisitionType") != "2D" or not isinstance(times, list):
        return ()
    if not all(_is_number(time) for time in times):
        raise BadDataError("SliceTiming must hold seconds; correct the sidecar.")
    return tuple(float(time) for time in slice_order(times, dict(metadata)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def recovery_time(metadata: Mapping[str, object], kinds: Sequence[str] = ()) -> float | None:
    """Give the seconds that M0 recovered for, where the sidecar says so.

    Parameters
    ----------
    metadata
        Of an ASL series or of a separate calibration scan; ``RepetitionTimePreparation`` may be a list.
    kinds
        What each volume of a series is: the time of its first ``m0scan`` counts, else of its first volume.
    """
    value = metadata.get("RepetitionTimePreparation")
    if isinstance(value, list):
        chosen = [time for time, kind in zip(value, kinds, strict=False) if kind == "m0scan"] or value
        value = chosen[0] if chosen else None
    return float(value) if isinstance(value, int | float) else None
