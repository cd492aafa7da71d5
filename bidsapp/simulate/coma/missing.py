"""Which scans a simulated patient lacks: by chance, or the more the worse the patient is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

#: What each scan yields: keys of volumes, and of series with ``-series`` behind them.
SCANS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "T1w": ("T1w",),
        "T2w": ("T2w",),
        "FLAIR": ("FLAIR",),
        "dwi": ("FA", "ADC"),
        "asl": ("cbf",),
        "bold": ("alff", "reho", "bold-series"),
        "pet": ("pet", "pet-series"),
    }
)


def draw_there(rate: float, by_severity: float, severity: float, rng: np.random.Generator) -> frozenset[str]:
    """Draw what is there: keys of volumes, and of series with ``-series`` behind them.

    Parameters
    ----------
    rate
        Chance that a scan other than T1w is missing, for a patient of severity 0.5; below 1. T1w is never
        missing, since nothing can be brought to standard space without it.
    by_severity
        Change of the log-odds from severity 0 to 1; 0 is missing completely at random.
    severity
        0 to 1.
    rng
        Source of randomness.
    """
    odds = rate / (1 - rate) * np.exp(by_severity * (severity - 0.5))
    lost = rng.random(len(SCANS)) < odds / (1 + odds)
    return frozenset(
        key
        for (scan, keys), gone in zip(SCANS.items(), lost, strict=True)
        for key in keys
        if scan == "T1w" or not gone
    )
