"""A made-up dataset of subjects who have signals of regions and no image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

REPETITION = 2.0
SONG_2018 = (
    *("DMN.aMPFC", "DMN.PCC", "DMN.L.LatP", "DMN.R.LatP", "EC.DMPFC", "EC.L.PFC", "EC.R.PFC"),
    *("EC.L.Parietal", "EC.R.Parietal", "SN.L.AIns", "SN.R.AIns", "SN.dACC", "SM.L.M1", "SM.R.M1", "SM.SMA"),
    *("AUD.L.A1", "AUD.R.A1", "AUD.MCC", "VIS.L.V1", "VIS.R.V1", "VIS.L.V4", "VIS.R.V4"),
)
"""The regions that the packaged bundle coma-restingstate was trained with."""


def resting_signals(seed: int, frames: int, regions: int) -> NDArray[np.float64]:
    """Give noise of 0.01 to 0.08 Hz, shape ``(frames, regions)``, all regions alike."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.normal(size=(frames, regions)), axis=0)
    frequencies = np.fft.rfftfreq(frames, REPETITION)
    spectrum[(frequencies < 0.01) | (frequencies > 0.08)] = 0
    return 0.1 * np.fft.irfft(spectrum, frames, axis=0)


def write_dataset(root: Path, participants: str) -> Path:
    """Write a dataset without subjects; ``participants`` is its table."""
    root.mkdir()
    description = {"Name": "SIMULATED: signals alone", "BIDSVersion": "1.10.0", "DatasetType": "raw"}
    (root / "dataset_description.json").write_text(json.dumps(description))
    (root / "participants.tsv").write_text(participants)
    return root


def add_subject(
    root: Path,
    label: str,
    signals: NDArray[np.float64],
    *,
    regions: Sequence[str] = SONG_2018,
    **sidecar: object,
) -> None:
    """Add a subject with one table of signals, shape ``(frames, regions)``."""
    folder = root / f"sub-{label}" / "func"
    folder.mkdir(parents=True)
    stem = folder / f"sub-{label}_task-rest_timeseries"
    lines = ["\t".join(regions), *("\t".join(f"{value:.4f}" for value in row) for row in signals)]
    stem.with_suffix(".tsv").write_text("\n".join(lines) + "\n")
    stem.with_suffix(".json").write_text(json.dumps({"TaskName": "rest", **sidecar}))
