"""How often the coma analysis refuses what is no patient like those it learned from.

    python benchmarks/coma_reference.py --out FOLDER [--parts simulated signals controls]

Real signals of 22 regions (pdoc): patients left out by fives, the healthy controls that nothing was chosen
on (every second one; see ``WATCHED``), white noise, zeros, constants. Images are SIMULATED: ten volumes of
patients on the average head; another patient's image of another kind in the place of each image, an empty
one, noise, healthy heads, and strokes (outlines of soop, real) for a cohort of trauma and anoxia. Intervals
are those of Clopper and Pearson. Kinds "with ... controls" are judged by a model that was given other healthy
people. The simulated part takes a CPU minute.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from coma_patients import read_pdoc, read_pdoc_controls
from coma_reference_people import (
    healthy_head,
    images_alone,
    patients_without_stroke,
    shuffled,
    stroke_patients,
    with_regions,
)
from coma_scores import markdown, write_results
from coma_simulated import simulate
from numpy.typing import NDArray

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.analyses.coma.doubt import describe_cohort, limit_of
from bidsapp.analyses.coma.emptiness import nothing_in
from bidsapp.analyses.coma.healthy import fit_guard
from bidsapp.analyses.coma.healthy_measured import measure_guard
from bidsapp.analyses.coma.healthy_parts import shared
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient
from bidsapp.learning.confidence.reference import judge
from bidsapp.learning.validation.measures import auc
from bidsapp.learning.validation.splits import repeated_folds
from bidsapp.recipe import Recipe
from bidsapp.simulate.coma.appearance import LOOKS
from bidsapp.simulate.coma.head import average_head
from bidsapp.simulate.coma.study import Study

WATCHED = slice(0, None, 2)
"""Controls that were looked at while the signs were chosen; the others are reported."""
REPORTED = slice(1, None, 2)
LONG = 190  # frames: no control has fewer
VOXEL_MM = 4.0
PATIENTS, LEFT_OUT, HEALTHY, KNOWN = 60, 40, 40, 20
OTHERS = 1000  # numbers from here on are no patients of the cohort; one study has one scanner
Kinds = Mapping[str, Sequence[bool]]


def options_of() -> Options:
    """Give the packaged recipe."""
    return Options.of(Recipe.read("coma", ANALYSIS.recipe))


def refused(
    training: Sequence[Patient], judged: Sequence[Patient], controls: Sequence[Patient] = ()
) -> list[bool]:
    """Tell who gets no score from a model of these training patients and healthy controls."""
    options = options_of()
    guard = fit_guard(training, controls, shared(training, controls), seed=0) if controls else None
    table, reference = describe_cohort(training, options)
    if reference is None:
        raise ValueError("the training patients have nothing to judge by")
    limit = limit_of(reference, options)
    return [
        bool(nothing_in(patient))
        or judge(reference, table.values([patient])[0], limit=limit).outside
        or (guard is not None and guard.refuses(patient, options.healthy_alpha))
        for patient in judged
    ]


def signals() -> Kinds:
    """Give who is refused by real patients' signals."""
    patients, controls = read_pdoc().patients, read_pdoc_controls()
    halves = controls[WATCHED], controls[REPORTED]
    rng = np.random.default_rng(0)
    changes: Mapping[str, Callable[[NDArray[np.float32]], NDArray[np.float64]]] = {
        "white noise of each region's strength": lambda v: rng.normal(size=v.shape) * v.std(axis=0),
        "zeros": lambda v: np.zeros(v.shape),
        "constant regions": lambda v: np.ones(v.shape) * v[0],
        "one region's signal in all": lambda v: np.repeat(v[:, :1], v.shape[1], axis=1),
        "regions of 22 different people": lambda v: _of_others(len(v), patients, rng),
    }
    kinds = {
        "patients of the cohort, left out": _left_out(patients, ()),
        "patients of the cohort, left out, with 15 controls": _left_out(patients, halves[0]),
        "healthy controls, not looked at before": refused(patients, halves[1]),
        "healthy controls, with 15 others": refused(patients, halves[1], halves[0])
        + refused(patients, halves[0], halves[1]),
    }
    for words, change in changes.items():
        kinds[words] = refused(patients, [_with_signals(patient, change) for patient in patients])
    return kinds


def _left_out(patients: Sequence[Patient], controls: Sequence[Patient]) -> list[bool]:
    """Tell who gets no score from the patients of the other folds and these controls."""
    fold = repeated_folds(np.zeros(len(patients)), [p.subject for p in patients], folds=5, seed=0)[0]
    return [
        each
        for number in range(5)
        for each in refused(
            [p for p, own in zip(patients, fold, strict=True) if own != number],
            [p for p, own in zip(patients, fold, strict=True) if own == number],
            controls,
        )
    ]


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
    """Say how well patients are told from all controls, left out of models and limit, and by what else."""
    patients, controls = read_pdoc().patients, read_pdoc_controls()
    complete = [patient for patient in patients if frames(patient) >= LONG]
    said = []
    for words, kept in (("all patients", patients), (f"patients of {LONG} frames or more", complete)):
        found = measure_guard(
            kept,
            controls,
            shared(kept, controls),
            alpha=options_of().healthy_alpha,
            resamples=2000,
            seed=0,
        )
        shares = [
            f"{own.value:.0%} ({own.low:.0%} to {own.high:.0%})" for own in (found.controls, found.patients)
        ]
        said.append(
            f"{words} ({len(kept)}): AUC {found.auc.value:.3f} ({found.auc.low:.3f} to {found.auc.high:.3f})"
            f", refused {shares[0]} of controls, {shares[1]} of patients"
        )
    label = np.repeat([0.0, 1.0], [len(patients), len(controls)])
    length = np.array([frames(person) for person in (*patients, *controls)], dtype=np.float64)
    said.append(f"the number of frames alone: AUC {float(auc(label, length)):.2f}")
    return f"{len(controls)} real controls, left out: " + "; ".join(said) + ".\n"


def frames(person: Patient) -> int:
    """Give the length of a resting-state series."""
    return len(person.series["bold"].values)


def simulated() -> Kinds:
    """Give who is refused by simulated patients' images."""
    head, study = average_head(VOXEL_MM), Study(seed=5)
    simulated = simulate(PATIENTS + LEFT_OUT, [head], study, volumes=False)
    made = [images_alone(patient) for patient in simulated.patients]
    training, left_out = made[:PATIENTS], made[PATIENTS:]
    healthy = [healthy_head(OTHERS + number, head, study) for number in range(HEALTHY)]
    known = [healthy_head(2 * OTHERS + number, head, study) for number in range(KNOWN)]
    found = {words: refused(training, judged) for words, judged in _spoilt(left_out).items()}
    for words, judged in (("patients of the cohort, left out", left_out), ("healthy head", healthy)):
        found[words] = refused(training, judged)
        found[f"{words}, with {KNOWN} controls"] = refused(training, judged, known)
    others = patients_without_stroke(range(PATIENTS), head, study)
    strokes = stroke_patients(range(OTHERS, OTHERS + LEFT_OUT), head, study)
    found["stroke, cohort of trauma and anoxia"] = refused(others, strokes)
    found[f"stroke, cohort of trauma and anoxia, with {KNOWN} controls"] = refused(others, strokes, known)
    return found


def _spoilt(patients: Sequence[Patient]) -> Mapping[str, Sequence[Patient]]:
    """Give patients of whom one image is not what it is called."""
    rng = np.random.default_rng(0)
    others = {key: [own for own in LOOKS if own != key] for key in LOOKS}
    swapped = [
        with_regions(p, key, p.regions[str(rng.choice(others[key]))]) for p in patients for key in LOOKS
    ]
    return {
        "T1w given as FLAIR": [with_regions(p, "FLAIR", p.regions["T1w"]) for p in patients],
        "one image of another kind": swapped,
        "one empty image": [
            with_regions(p, key, dict.fromkeys(p.regions[key], 0.0)) for p in patients for key in LOOKS
        ],
        "one image of noise": [
            with_regions(p, key, shuffled(p.regions[key], rng)) for p in patients for key in LOOKS
        ],
    }


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
