"""People who are no patients of a simulated cohort, or not quite: healthy heads, strokes, spoilt images.

SIMULATED: they show no person. All are of one study, and so of one scanner; their numbers tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from coma_patients import real_data
from coma_simulated import as_patient

from bidsapp.analyses.coma.patient import Patient
from bidsapp.images.shares import share_on
from bidsapp.images.volume import read_volume
from bidsapp.simulate.coma.appearance import LOOKS, render, vary
from bidsapp.simulate.coma.head import Head
from bidsapp.simulate.coma.patient import SimulatedPatient, simulate_patient
from bidsapp.simulate.coma.site import scan
from bidsapp.simulate.coma.study import Study, draw_bedside

_STEP = 10  # every tenth of the 600 masks
_DAYS = 30.0


def healthy_head(number: int, head: Head, study: Study) -> Patient:
    """Give a scan of a healthy head, made as those of patients are."""
    rng = np.random.default_rng([study.seed, number])
    clinical, site = draw_bedside("trauma", study, rng)
    own = vary(head, float(clinical["age"]), rng)
    injury = np.zeros(own.brain.shape, dtype=np.float32)
    base: SimulatedPatient = simulate_patient(number, [head], study)
    volumes = {key: scan(key, render(key, own, injury, _DAYS), own, site, rng) for key in LOOKS}
    made = replace(base, subject=f"healthy{number:04d}", volumes=volumes, series={})
    return images_alone(as_patient(made, head, volumes=False))


def patients_without_stroke(numbers: range, head: Head, study: Study) -> list[Patient]:
    """Give patients of trauma and anoxia."""
    other = replace(study, etiologies={"trauma": 0.55, "anoxia": 0.45, "stroke": 0.0})
    return [_patient(simulate_patient(number, [head], other), head) for number in numbers]


def stroke_patients(numbers: range, head: Head, study: Study) -> list[Patient]:
    """Give heads with the lesion of a real stroke patient (soop, every tenth), and no other injury."""
    alone = replace(study, etiologies={"trauma": 0.0, "anoxia": 0.0, "stroke": 1.0})
    paths = sorted(real_data("soop").glob("*_label-L_mask.nii.gz"))[::_STEP]
    masks = [share_on(read_volume(path), head.grid).data >= 0.5 for path in paths]
    outlines = [mask for mask in masks if mask.any()]
    return [_patient(simulate_patient(n, [head], alone, outlines=outlines), head) for n in numbers]


def _patient(simulated: SimulatedPatient, head: Head) -> Patient:
    return images_alone(as_patient(simulated, head, volumes=False))


def images_alone(patient: Patient) -> Patient:
    """Leave the means of regions."""
    return replace(patient, series={}, clinical={})


def with_regions(patient: Patient, key: str, regions: Mapping[str, float]) -> Patient:
    """Put other means of regions in the place of an image's."""
    return replace(patient, regions={**patient.regions, key: regions})


def shuffled(regions: Mapping[str, float], rng: np.random.Generator) -> dict[str, float]:
    """Give regions in any order: the right values in the wrong places."""
    return dict(zip(regions, rng.permutation(list(regions.values())).tolist(), strict=True))
