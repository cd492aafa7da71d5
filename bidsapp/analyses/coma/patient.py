"""All that is known of a patient in one session: volumes, signals over time, regions, the bedside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

ANOMALY = "anomaly"
"""Name of the analysis whose regional table patients have among their regions, under this key."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """Signals of regions over time, of any length and spacing.

    Attributes
    ----------
    regions
        Name of each column.
    values
        Shape (frames, regions).
    times, durations
        Shape (frames,): middle and length of each frame in seconds.
    """

    regions: tuple[str, ...]
    values: NDArray[np.float32]
    times: NDArray[np.float64]
    durations: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Patient:
    """What models of the coma analysis see of one subject and session; any part may be missing.

    Attributes
    ----------
    subject, session
        Labels without prefix.
    volumes
        Static images by key (``T1w``, ``FLAIR``, ``pet``, ``FA``, ``lesion``, ...): all of one grid in
        standard space, axes RAS, zero outside the brain.
    series
        Signals over time, by key (``bold``, ``pet``).
    regions
        Mean of each region of the atlas within each volume; under ``anomaly`` the percentage of each region
        that the analysis of that name found abnormal.
    clinical
        Covariates: numbers as ``float``, categories as ``str``; gaps are left out.
    """

    subject: str
    session: str | None = None
    volumes: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)
    regions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    clinical: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def there(self) -> frozenset[str]:
        """What is there: keys of volumes, and of series with ``-series`` behind them."""
        return frozenset(self.volumes) | {f"{key}-series" for key in self.series}


def subjects_of(patients: Sequence[Patient]) -> list[str]:
    """Give the subject of each; sessions of one subject stay together wherever people are divided."""
    return [patient.subject for patient in patients]
