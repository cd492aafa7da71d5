"""How often the coma analysis refuses what is no patient like those it learned from.

    python benchmarks/coma_reference.py --out FOLDER [--parts simulated signals controls]

Real signals of 22 regions (pdoc): patients left out by fives, the healthy controls that nothing was chosen
on (every second one; see ``WATCHED``), white noise, zeros, constants. Images are SIMULATED: ten volumes of
patients on the average head; another patient's image of another kind in the place of each image, an empty
one, noise, and healthy heads. Intervals are those of Clopper and Pearson. Beside the controls stands what a
model that learns from controls, too, could do: nothing here may, since a cohort has none. The simulated part
takes 22 CPU seconds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from coma_patients import read_pdoc, read_pdoc_controls
from coma_scores import markdown, write_results
from coma_simulated import Simulated, as_patient, simulate
from numpy.typing import NDArray

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.analyses.coma.doubt import describe_cohort, limit_of
from bidsapp.analyses.coma.emptiness import nothing_in
from bidsapp.analyses.coma.features.amplitude import Amplitude
from bidsapp.analyses.coma.features.connectivity import Connectivity
from bidsapp.analyses.coma.features.signs import Signs
from bidsapp.analyses.coma.models.linear import Linear
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient
from bidsapp.learning.confidence.reference import judge
from bidsapp.learning.validation.measures import auc
from bidsapp.learning.validation.out_of_fold import out_of_fold
from bidsapp.learning.validation.splits import repeated_folds
from bidsapp.recipe import Recipe
from bidsapp.simulate.coma.appearance import LOOKS, render, vary
from bidsapp.simulate.coma.head import Head, average_head
from bidsapp.simulate.coma.patient import SimulatedPatient, simulate_patient
from bidsapp.simulate.coma.site import scan
from bidsapp.simulate.coma.study import Study, draw_bedside

WATCHED = slice(0, None, 2)
"""Controls that were looked at while the signs were chosen; the others are reported."""
REPORTED = slice(1, None, 2)
FALSE_ALARMS = 0.05
VOXEL_MM = 4.0
PATIENTS, LEFT_OUT, HEALTHY = 60, 40, 40
Kinds = Mapping[str, Sequence[bool]]


def refused(training: Sequence[Patient], judged: Sequence[Patient]) -> list[bool]:
    """Tell who gets no score from a model of these training patients."""
    options = Options.of(Recipe.read("coma", ANALYSIS.recipe))
    table, reference = describe_cohort(training, options)
    if reference is None:
        raise ValueError("the training patients have nothing to judge by")
    limit = limit_of(reference, options)
    return [
        bool(nothing_in(patient)) or judge(reference, table.values([patient])[0], limit=limit).outside
        for patient in judged
    ]


def signals() -> Kinds:
    """Give who is refused by real patients' signals."""
    patients, controls = read_pdoc().patients, read_pdoc_controls()
    rng = np.random.default_rng(0)
    fold = repeated_folds(np.zeros(len(patients)), [p.subject for p in patients], folds=5, seed=0)[0]
    left_out = [
        each
        for number in range(5)
        for each in refused(
            [p for p, own in zip(patients, fold, strict=True) if own != number],
            [p for p, own in zip(patients, fold, strict=True) if own == number],
        )
    ]
    changes: Mapping[str, Callable[[NDArray[np.float32]], NDArray[np.float64]]] = {
        "white noise of each region's strength": lambda v: rng.normal(size=v.shape) * v.std(axis=0),
        "zeros": lambda v: np.zeros(v.shape),
        "constant regions": lambda v: np.ones(v.shape) * v[0],
        "one region's signal in all": lambda v: np.repeat(v[:, :1], v.shape[1], axis=1),
        "regions of 22 different people": lambda v: _of_others(len(v), patients, rng),
    }
    kinds = {
        "patients of the cohort, left out": left_out,
        "healthy controls, not looked at before": refused(patients, controls[REPORTED]),
    }
    for words, change in changes.items():
        kinds[words] = refused(patients, [_with_signals(patient, change) for patient in patients])
    return kinds


def _with_signals(patient: Patient, change: Callable[[NDArray[np.float32]], NDArray[np.float64]]) -> Patient:
    series = patient.series["bold"]
    return replace(patient, series={"bold": replace(series, values=change(series.values).astype(np.float32))})


def _of_others(frames: int, patients: Sequence[Patient], rng: np.random.Generator) -> NDArray[np.float64]:
    """Give each region the signal of another patient: real fluctuations that have nothing in common."""
    columns = []
    for region in range(len(patients[0].series["bold"].regions)):
        values = patients[int(rng.integers(len(patients)))].series["bold"].values[:, region]
        columns.append(np.resize(values, frames))
    return np.array(columns, dtype=np.float64).T


def controls_learned() -> str:
    """Say how well a model tells patients from controls, left out, that learned from both."""
    patients, controls = read_pdoc().patients, read_pdoc_controls()
    everybody = [replace(person, clinical={}) for person in (*patients, *controls)]
    label = np.repeat([0.0, 1.0], [len(patients), len(controls)])
    names = [person.subject for person in everybody]
    said = []
    for title, features in (("signs and amplitude", [Signs, Amplitude]), ("tangent space", [_tangent])):
        found = out_of_fold(
            lambda made=features: Linear("healthy", "Healthy", [make() for make in made]),  # type: ignore[misc]
            everybody, label, names, folds=5, repeats=1, seed=0,
        ).predictions[0]  # fmt: skip
        cut = np.quantile(found[label == 0], 1 - FALSE_ALARMS)
        said.append(
            f"{title}: AUC {auc(label, found):.2f}, {np.mean(found[label == 1] > cut):.0%} of controls at "
            f"{FALSE_ALARMS:.0%} of patients"
        )
    return "Learned from controls, too (left out): " + "; ".join(said) + ".\n"


def _tangent() -> Connectivity:
    return Connectivity("tangent")


def simulated() -> Kinds:
    """Give who is refused by simulated patients' images."""
    head, study = average_head(VOXEL_MM), Study(seed=5)
    made = [_images_alone(patient) for patient in _simulated(head, study).patients]
    training, left_out = made[:PATIENTS], made[PATIENTS:]
    rng = np.random.default_rng(0)
    others = {key: [own for own in LOOKS if own != key] for key in LOOKS}
    swapped = [
        _with_regions(p, key, p.regions[str(rng.choice(others[key]))]) for p in left_out for key in LOOKS
    ]
    zeros = [_with_regions(p, key, dict.fromkeys(p.regions[key], 0.0)) for p in left_out for key in LOOKS]
    noise = [_with_regions(p, key, _noise(p.regions[key], rng)) for p in left_out for key in LOOKS]
    flair = [_with_regions(patient, "FLAIR", patient.regions["T1w"]) for patient in left_out]
    healthy = [_healthy(number, head, Study(seed=6)) for number in range(HEALTHY)]
    kinds = {
        "patients of the cohort, left out": left_out,
        "T1w given as FLAIR": flair,
        "one image of another kind": swapped,
        "one empty image": zeros,
        "one image of noise": noise,
        "healthy head": healthy,
    }
    return {words: refused(training, judged) for words, judged in kinds.items()}


def _simulated(head: Head, study: Study) -> Simulated:
    return simulate(PATIENTS + LEFT_OUT, [head], study, volumes=False)


def _images_alone(patient: Patient) -> Patient:
    return replace(patient, series={}, clinical={})


def _with_regions(patient: Patient, key: str, regions: Mapping[str, float]) -> Patient:
    return replace(patient, regions={**patient.regions, key: regions})


def _noise(regions: Mapping[str, float], rng: np.random.Generator) -> dict[str, float]:
    """Give regions in any order: the right values in the wrong places."""
    return dict(zip(regions, rng.permutation(list(regions.values())).tolist(), strict=True))


def _healthy(number: int, head: Head, study: Study) -> Patient:
    """Give a scan of a healthy head, made as those of patients are."""
    rng = np.random.default_rng([study.seed, number])
    clinical, site = draw_bedside("trauma", study, rng)
    own = vary(head, float(clinical["age"]), rng)
    injury = np.zeros(own.brain.shape, dtype=np.float32)
    base: SimulatedPatient = simulate_patient(number, [head], study)
    volumes = {key: scan(key, render(key, own, injury, 30.0), own, site, rng) for key in LOOKS}
    return _images_alone(as_patient(replace(base, volumes=volumes, series={}), head, volumes=False))


def interval(hits: int, of: int) -> tuple[float, float]:
    """Give the 95 % interval of Clopper and Pearson."""
    from scipy.stats import binomtest

    found = binomtest(hits, of).proportion_ci(0.95, method="exact")
    return float(found.low), float(found.high)


PARTS: Mapping[str, Callable[[], Kinds]] = {"signals": signals, "simulated": simulated}


def main() -> None:
    """Measure, and write ``reference.json`` and ``reference.md``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", choices=[*PARTS, "controls"], default=[*PARTS, "controls"])
    said = parser.parse_args()
    rows, results = [], {}
    for part in (name for name in said.parts if name in PARTS):
        for words, outside in PARTS[part]().items():
            low, high = interval(sum(outside), len(outside))
            results[f"{part}: {words}"] = [len(outside), sum(outside), low, high]
            share = f"{np.mean(outside):.0%} ({low:.0%} to {high:.0%})"
            rows.append([part, words, len(outside), share])
            print(*rows[-1], flush=True)
    table = markdown(["Material", "Kind", "n", "refused"], rows)
    if "controls" in said.parts:
        table += f"\n{controls_learned()}"
    write_results(said.out, "-".join(["reference", *said.parts]), results, table)


if __name__ == "__main__":
    main()
