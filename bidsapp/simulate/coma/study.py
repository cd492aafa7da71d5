"""How the patients of a simulated study are drawn: causes, ages, days, sites, what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from bidsapp.errors import UsageError
from bidsapp.simulate.coma.injury import ETIOLOGIES, Etiology
from bidsapp.simulate.coma.score import ScoreMap
from bidsapp.simulate.coma.site import Site, draw_site

#: Mean and standard deviation of the age in years.
_AGES: Mapping[Etiology, tuple[float, float]] = MappingProxyType(
    {"trauma": (38.0, 14.0), "anoxia": (48.0, 14.0), "stroke": (58.0, 12.0)}
)
_SHARES: Mapping[Etiology, float] = MappingProxyType({"trauma": 0.4, "anoxia": 0.35, "stroke": 0.25})
_MEN = 0.65
_LOG_DAYS_SD = 1.0


@dataclass(frozen=True, kw_only=True)
class Study:
    """How the patients of one simulated study are drawn.

    Attributes
    ----------
    seed
        Same seed, same patients; patient ``n`` does not depend on how many others are drawn.
    score
        From injury to score.
    etiologies
        Share of each cause; they add up to 1.
    missing, missing_by_severity
        See :func:`bidsapp.simulate.coma.missing.draw_there`.
    sites, site_spread
        Number of sites, and standard deviation of the logarithm of their intensity scales.
    median_days
        Median of the days since injury, which are log-normal (sd of the logarithm 1).
    """

    seed: int
    score: ScoreMap = field(default_factory=ScoreMap)
    etiologies: Mapping[Etiology, float] = field(default_factory=lambda: _SHARES)
    missing: float = 0.0
    missing_by_severity: float = 0.0
    sites: int = 1
    site_spread: float = 0.1
    median_days: float = 45.0


def check_study(study: Study) -> None:
    """Check that the numbers make sense.

    Raises
    ------
    UsageError
        Shares of causes do not add up to 1, the rate of missing scans is not in 0 to 1, or there is no site.
    """
    if set(study.etiologies) != set(ETIOLOGIES) or abs(sum(study.etiologies.values()) - 1) > 1e-6:
        raise UsageError(f"The shares of {', '.join(ETIOLOGIES)} do not add up to 1; correct them.")
    if not 0 <= study.missing < 1 or study.sites < 1:
        raise UsageError("The study needs a rate of missing scans from 0 to below 1, and a site.")


def draw_bedside(
    etiology: Etiology, study: Study, rng: np.random.Generator
) -> tuple[dict[str, float | str], Site]:
    """Draw age, sex and days since injury of a patient, and the site that scans it."""
    site = draw_site(int(rng.integers(study.sites)), study.seed, study.site_spread)
    mean, spread = _AGES[etiology]
    days = study.median_days * np.exp(rng.normal(0, _LOG_DAYS_SD))
    return {
        "age": float(np.clip(round(rng.normal(mean, spread)), 18, 85)),
        "sex": "M" if rng.random() < _MEN else "F",
        "etiology": etiology,
        "days_since_injury": float(np.clip(round(days), 1, 3650)),
        "site": site.name,
    }, site
