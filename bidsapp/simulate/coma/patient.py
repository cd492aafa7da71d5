"""Simulated coma patients: from a healthy head to images, signals, a bedside score, and the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bidsapp.errors import UsageError
from bidsapp.simulate.coma.appearance import LOOKS, render, vary
from bidsapp.simulate.coma.head import Head, region_means
from bidsapp.simulate.coma.injury import ETIOLOGIES, draw_injury
from bidsapp.simulate.coma.missing import draw_there
from bidsapp.simulate.coma.network import Mask, Network, is_named, stated, stated_network
from bidsapp.simulate.coma.signals import Signals, bold, fdg_curves
from bidsapp.simulate.coma.site import Site, scan
from bidsapp.simulate.coma.study import Study, check_study, draw_bedside
from bidsapp.simulate.fields import Array

#: Severity is drawn from a beta distribution with these parameters: mean 0.56.
_SEVERITY = (3.0, 2.4)
#: Standard deviation of the logarithm of people's connectivity.
_BOLD_SD = 0.3
_PET_FRAME_NOISE = 0.04


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """What the simulation knows and no examiner sees.

    Attributes
    ----------
    injury
        Share of function lost, 0-1, shape ``(x, y, z)``.
    regions
        Mean injury of each region of the atlas, by the atlas's name.
    network
        What the score depends on, on the same grid.
    part_injuries, network_injury
        Mean injury of the parts of the network, and their weighted mean.
    noiseless_score, state
        Score that follows from the injury; and with what no image shows, before the exam's error.
    severity
        0 to 1, of the whole injury.
    """

    injury: Array
    regions: Mapping[str, float]
    network: Network
    part_injuries: Mapping[str, float]
    network_injury: float
    noiseless_score: float
    state: float
    severity: float


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedPatient:
    """One simulated patient; shows no person.

    Attributes
    ----------
    subject
        ``simulated0001``.
    description
        Says that it is simulated, and from which seed.
    volumes
        Images by key, shape ``(x, y, z)``, zero outside of the brain; what was not scanned is left out.
    series
        Signals of regions by key (``bold``, ``pet``).
    clinical
        ``age`` (years), ``sex``, ``etiology``, ``days_since_injury``, ``site``.
    crsr
        Total of one exam, with its error.
    truth
        What models must not see.
    """

    subject: str
    description: str
    volumes: Mapping[str, Array]
    series: Mapping[str, Signals]
    clinical: Mapping[str, float | str]
    crsr: int
    truth: Truth


def simulate_cohort(
    count: int,
    heads: Sequence[Head],
    study: Study,
    *,
    network: Network | None = None,
    outlines: Sequence[Mask] = (),
) -> Iterator[SimulatedPatient]:
    """Yield patients 0 to ``count - 1``; see :func:`simulate_patient`."""
    for number in range(count):
        yield simulate_patient(number, heads, study, network=network, outlines=outlines)


def simulate_patient(
    number: int,
    heads: Sequence[Head],
    study: Study,
    *,
    network: Network | None = None,
    outlines: Sequence[Mask] = (),
) -> SimulatedPatient:
    """Simulate one patient.

    Parameters
    ----------
    number
        Of the patient: it chooses the head (in turn) and, with the study's seed, all that is drawn.
    heads
        Healthy heads of one grid.
    study
        How patients are drawn.
    network
        What the score depends on, on the heads' grid; the packaged one by default.
    outlines
        Lesion masks of real strokes on the heads' grid; without them strokes are drawn.

    Raises
    ------
    UsageError
        There is no head, or the numbers of the study make no sense.
    """
    if not heads:
        raise UsageError("Simulated patients need at least one healthy head; give one.")
    check_study(study)
    rng = np.random.default_rng([study.seed, number])
    etiology = ETIOLOGIES[int(rng.choice(len(ETIOLOGIES), p=[study.etiologies[e] for e in ETIOLOGIES]))]
    clinical, site = draw_bedside(etiology, study, rng)
    head = vary(heads[number % len(heads)], float(clinical["age"]), rng)
    severity = float(rng.beta(*_SEVERITY))
    injury = draw_injury(head, etiology, severity, rng, outlines)
    truth = _truth(head, injury, severity, network or stated_network(head), study, rng)
    crsr = study.score.exam(truth.state, rng)
    there = draw_there(study.missing, study.missing_by_severity, severity, rng)
    volumes, series = _image(head, truth, float(clinical["days_since_injury"]), site, rng)
    return SimulatedPatient(
        subject=f"simulated{number:04d}",
        description=f"SIMULATED patient {number} of seed {study.seed}; shows no person",
        volumes={key: volume for key, volume in volumes.items() if key in there},
        series={key: of for key, of in series.items() if f"{key}-series" in there},
        clinical=clinical,
        crsr=crsr,
        truth=truth,
    )


def _truth(
    head: Head, injury: Array, severity: float, network: Network, study: Study, rng: np.random.Generator
) -> Truth:
    total = network.injury(injury)
    return Truth(
        injury=injury,
        regions=region_means(head, injury),
        network=network,
        part_injuries=network.part_injuries(injury),
        network_injury=total,
        noiseless_score=study.score.noiseless(total),
        state=study.score.state(total, rng),
        severity=severity,
    )


def _image(
    head: Head, truth: Truth, days: float, site: Site, rng: np.random.Generator
) -> tuple[dict[str, Array], dict[str, Signals]]:
    volumes = {key: scan(key, render(key, head, truth.injury, days), head, site, rng) for key in LOOKS}
    names = stated()["signals"]["regions"]
    chosen = [region for region in head.regions if any(is_named(region, name) for name in names)]
    injuries = {region.name: truth.regions[region.name] for region in chosen}
    share = region_means(head, truth.network.mask.astype(np.float32))
    series = {
        "bold": bold(
            injuries,
            {region.name: share[region.name] > 0.5 for region in chosen},
            truth.network_injury,
            frames=int(rng.integers(100, 301)),
            repetition_time=site.repetition_time,
            strength=float(np.clip(np.exp(rng.normal(0, _BOLD_SD)), 0.5, 1.5)),
            rng=rng,
        ),
        "pet": fdg_curves(
            injuries, frames=site.frames, loss=1 - LOOKS["pet"].chronic, noise=_PET_FRAME_NOISE, rng=rng
        ),
    }
    return volumes, series
