"""What holds no picture of a brain: refused before any model sees it, whatever the cohort was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bidsapp.analyses.coma.features.signs import autocorrelation
from bidsapp.analyses.coma.patient import ANOMALY, Patient, Series

_SAME = 1e-6
_WHITE = 3.0  # standard errors


def nothing_in(patient: Patient) -> str:
    """Say which image or series holds no brain, and why; empty where all do.

    An image is empty where all regions have the same mean; of an anomaly map that is a finding: no region is
    abnormal. Signals are empty where most regions are constant. Resting BOLD is noise where a frame tells
    nothing of the next one: blood answers within seconds, so frames go together. White noise of n frames has
    a lag-1 correlation of 0 with standard error 1 / sqrt(n) (Bartlett 1946); a median over regions below
    three of these is refused.
    """
    for key, regions in patient.regions.items():
        if key == ANOMALY:
            continue
        means = np.array(list(regions.values()), dtype=np.float64)
        if means.size > 1 and not np.ptp(means) > _SAME * max(1.0, float(np.abs(means).max())):
            return f"all regions of the {key} image have the same value ({means[0]:g}), so it shows nothing"
    for key, series in patient.series.items():
        if 2 * np.count_nonzero(np.ptp(series.values, axis=0) > 0) <= len(series.regions):
            return f"most of the {key} signals are constant, so they show no brain"
        if key == "bold" and is_white(series):
            return (
                f"the bold signals ({len(series.values)} frames) cannot be told from white noise: a frame "
                "tells nothing of the next one"
            )
    return ""


def showing(patients: Sequence[Patient]) -> list[Patient]:
    """Leave those whose data show a brain; all of them where nobody's do."""
    return [patient for patient in patients if not nothing_in(patient)] or list(patients)


def is_white(series: Series) -> bool:
    """Tell whether signals have no more lag-1 correlation than white noise of this length may have."""
    return bool(autocorrelation(series) < _WHITE / np.sqrt(len(series.values)))
