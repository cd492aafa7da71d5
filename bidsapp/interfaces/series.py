"""Writes signals of regions with their timing, and takes ready ones as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.files import write_json, write_text
from bidsapp.interfaces.extra import ExtraInputSpec, Prepared, PrepareExtra
from bidsapp.limits import TABLE_BYTES
from bidsapp.reading import read_bytes, split_table

if TYPE_CHECKING:
    from bidsapp.images.templates import Region

NOT_GREY = ("Ventricle", "Vent", "White_Matter", "vessel", "CSF", "Optic_Chiasm")
"""Parts of the names of the atlas regions that have no grey matter."""


def grey_regions(regions: Sequence[Region]) -> list[Region]:
    """Give the regions of the atlas that hold grey matter."""
    return [region for region in regions if not any(part in region.name for part in NOT_GREY)]


def write_series(
    path: Path,
    names: Sequence[str],
    values: NDArray[np.float64],
    starts: NDArray[np.float64],
    durations: NDArray[np.float64],
    *,
    modality: str,
    about: Mapping[str, object],
) -> Path:
    """Write a table of signals and its JSON file.

    Parameters
    ----------
    path
        ``.tsv``.
    names
        Of the regions.
    values
        Shape ``(frames, regions)``; what is not finite becomes ``n/a``.
    starts, durations
        Shape ``(frames,)``, seconds.
    modality
        Key of ``data/modalities.json`` of the image that the signals come from.
    about
        Further fields of the sidecar: ``Atlas``, ``SamplingFrequency``, ...
    """
    lines = ["\t".join(names)]
    lines += ["\t".join(f"{value:.6g}" if np.isfinite(value) else "n/a" for value in row) for row in values]
    times = {
        "FrameTimesStart": [round(float(item), 6) for item in starts],
        "FrameDuration": [round(float(item), 6) for item in durations],
    }
    write_json(path.with_suffix(".json"), {"Modality": modality, **about, **times})
    return write_text(path, "\n".join(lines) + "\n")


class TakeSignals(PrepareExtra):
    """Take a table of signals of regions from the dataset, as it is, with its timing made explicit."""

    input_spec = ExtraInputSpec

    def prepare(self, folder: Path) -> Prepared:
        """Write ``bold.tsv``."""
        from bidsapp.images.bold import FEW
        from bidsapp.images.bold_frames import FEWEST_LEFT

        names, values = read_signals(Path(self.inputs.in_file))
        frames = len(values)
        if frames < FEWEST_LEFT:
            raise BadDataError(f"it has {frames} frames, too few for signals at rest; leave it out.")
        starts, durations = frame_times(json.loads(self.inputs.metadata), frames)
        out_file = write_series(
            folder / "bold.tsv",
            names,
            values,
            starts,
            durations,
            modality=self.inputs.modality,
            about={
                "SamplingFrequency": 1 / float(np.median(durations)),
                "Description": "Taken from the dataset as it is",
            },
        )
        notes = ["signals of regions were taken as they are: nothing was realigned, regressed or filtered"]
        if frames < FEW:
            notes.append(f"only {frames} frames are there; correlations of so few are not to be trusted")
        return Prepared(series={"bold": out_file}, notes=notes)


def frame_times(metadata: Mapping[str, Any], frames: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give start and duration of each frame in seconds, shape ``(frames,)``.

    ``FrameTimesStart`` tells where frames of motion were left out; without it, frames follow one another.

    Raises
    ------
    BadDataError
        The sidecar lacks the timing, or it disagrees with the number of frames or with itself.
    """
    interval = sampling_interval(metadata)
    try:
        starts = np.asarray(metadata.get("FrameTimesStart", np.arange(frames) * interval), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadDataError("FrameTimesStart is no list of numbers; correct the sidecar.") from error
    if starts.shape != (frames,):
        raise BadDataError(
            f"FrameTimesStart has {starts.size} entries for {frames} frames of signals; correct the sidecar."
        )
    if np.diff(starts).min() < 0.99 * interval:
        raise BadDataError(
            f"FrameTimesStart has frames closer than the {interval:g} s between frames; correct the sidecar."
        )
    return starts, np.full(frames, interval)


def sampling_interval(metadata: Mapping[str, Any]) -> float:
    """Give the seconds between the rows of a table of signals.

    Raises
    ------
    BadDataError
        The sidecar has neither ``RepetitionTime`` nor ``SamplingFrequency``, or both and they disagree.
    """
    repetition, frequency = (_positive(metadata, name) for name in ("RepetitionTime", "SamplingFrequency"))
    found = [
        seconds
        for seconds in (repetition, None if frequency is None else 1 / frequency)
        if seconds is not None
    ]
    if not found:
        raise BadDataError("it has no RepetitionTime or SamplingFrequency in its sidecar; add one of them.")
    if max(found) > 1.01 * min(found):
        raise BadDataError(
            f"RepetitionTime ({found[0]:g} s) and SamplingFrequency (every {found[1]:g} s) disagree; correct "
            "the sidecar."
        )
    return found[0]


def _positive(metadata: Mapping[str, Any], name: str) -> float | None:
    value = metadata.get(name)
    return float(value) if isinstance(value, int | float) and value > 0 else None


def read_signals(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    """Read a table with a column for each region.

    Raises
    ------
    BadDataError
        It is no such table, a cell is no number, or nothing is in it.
    """
    try:
        names, *lines = split_table(read_bytes(path, TABLE_BYTES).decode("utf-8-sig"), path) or [[]]
        rows = [
            [np.nan if cell.strip() in {"n/a", ""} else float(cell) for cell in line]
            for line in lines
            if any(cell.strip() for cell in line)
        ]
    except ValueError as error:
        raise BadDataError(
            f"it is no table of signals ({error}); a column for each region is needed."
        ) from error
    if len(set(names)) < len(names):
        raise BadDataError("it has two columns of one name; rename one.")
    if not rows or any(len(row) != len(names) for row in rows):
        raise BadDataError("it has no rows, or rows of uneven length; mend the table.")
    return names, np.asarray(rows, dtype=np.float64)
