"""Do explanations of a score point at the regions that made it? On simulated patients and on real lesions.

    python benchmarks/coma_localisation.py --out FOLDER [--simulations 10] [--patients 60] [--epochs 20]
        [--parts network drawn volumes soop]

- ``network``: SIMULATED patients, FDG; the score follows from injury to the stated network.
- ``drawn``: the same images; the score follows from regions drawn anew for each simulation, so that no map
  can point at them because injuries are there anyway.
- ``volumes``: as ``network``, for a small 3-D network trained on the images at 4 mm.
- ``soop``: lesion masks of real stroke patients; the score is planted in drawn regions. Then the
  lesion-symptom map of their real NIHSS, corrected for volume, whose truth nobody knows.

An explanation is one number for each region; its area under the curve is the chance that a true region is
above another. Its control is the same explanation of a model fitted to shuffled labels (regions), or of the
untrained network (attention, 3-D). ``images alone`` is the mean size of the deviation from healthy. Intervals
(95 %) are of paired differences over simulations. What does not beat its control is not fit for a report.
A simulation takes 25 CPU seconds, the masks one minute: all in all about 6 minutes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from coma_explained import EXPLAINED, Array, Regions, Volumes, explain_regions, explain_volumes, train_network
from coma_patients import read_soop
from coma_scores import markdown, write_results
from coma_simulated import add_options, healthy_heads
from numpy.typing import NDArray

from bidsapp.explain.controls import input_alone, untrained
from bidsapp.explain.localisation import Localisation, compare_with_control, localisation_auc
from bidsapp.learning.lesion_symptom.mass_univariate import map_symptom
from bidsapp.simulate.coma.head import Head, region_means
from bidsapp.simulate.coma.patient import SimulatedPatient, simulate_patient
from bidsapp.simulate.coma.score import ScoreMap
from bidsapp.simulate.coma.study import Study

PARTS = ("network", "drawn", "volumes", "soop")
IMAGE, DRAWN, STROKES = "pet", 10, 200
ALONE = "images alone"
Mask = NDArray[np.bool_]
Pairs = Mapping[str, tuple[Array, Array]]
Areas = dict[str, list[tuple[float, float, float]]]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add_options(parser)
    parser.add_argument("--simulations", type=int, default=10)
    parser.add_argument("--patients", type=int, default=60, help="to learn from, in each simulation")
    parser.add_argument("--epochs", type=int, default=20, help="of the 3-D network")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    said = parser.parse_args()
    torch.set_num_threads(1)
    start = time.process_time()
    areas: dict[str, Areas] = defaultdict(lambda: defaultdict(list))
    if set(said.parts) - {"soop"}:
        head = healthy_heads(said)[0]
        for seed in range(said.simulations):
            for part, truth, pairs, alone in simulated_maps(head, seed, said):
                note(areas[part], truth, pairs, alone)
            print(f"simulation {seed}: {time.process_time() - start:.0f} CPU s", flush=True)
    results: dict[str, object] = {}
    if "soop" in said.parts:
        study = read_soop()
        loads = np.array([list(patient.regions["lesion"].values()) for patient in study.patients])
        for seed in range(said.simulations):
            note(areas["soop"], *planted(loads, seed))
        names = list(study.patients[0].regions["lesion"])
        results["nihss"] = real_map(loads, study.targets["nihss"], names)
    tables = {part: table_of(found) for part, found in areas.items()}
    results |= {
        "parts": {part: rows_of(found) for part, found in areas.items()},
        "do_not_beat_control": {part: failing(found) for part, found in areas.items()},
        "cpu_seconds": round(time.process_time() - start),
        "argv": sys.argv[1:],
    }
    write_results(
        said.out, "localisation", results, "\n".join(f"{part}\n\n{each}" for part, each in tables.items())
    )


def simulated_maps(
    head: Head, seed: int, said: argparse.Namespace
) -> Iterator[tuple[str, Mask, Pairs, Array]]:
    """Yield part, true regions, explanations with their controls, and the map of the images alone."""
    study = Study(seed=seed)
    everybody = [simulate_patient(number, [head], study) for number in range(said.patients + EXPLAINED)]
    patients, further = everybody[: said.patients], everybody[said.patients :]
    values = np.array([list(region_means(head, each.volumes[IMAGE]).values()) for each in patients])
    healthy = np.array(list(region_means(head, head.uptake).values()))
    network = patients[0].truth.network
    truth = np.array(list(region_means(head, network.mask.astype(np.float32)).values())) > 0.5
    score = np.array([float(each.crsr) for each in patients])
    alone = input_alone(values, healthy)
    if "network" in said.parts:
        yield "network", truth, explain_regions(Regions(values, healthy, score), seed), alone
    if "drawn" in said.parts:
        chosen, other = drawn_score(patients, seed)
        yield "drawn", chosen, explain_regions(Regions(values, healthy, other), seed), alone
    if "volumes" in said.parts:
        stacks = [
            torch.from_numpy(np.stack([p.volumes[IMAGE] for p in group])) for group in (patients, further)
        ]
        volumes = Volumes(stacks[0], torch.from_numpy(score.astype(np.float32)), stacks[1], head.labels)
        trained = train_network(volumes, epochs=said.epochs, seed=seed)
        found, control = (explain_volumes(each, volumes) for each in (trained, untrained(trained, seed=seed)))
        yield "volumes", truth, {name: (found[name], control[name]) for name in found}, alone


def drawn_score(patients: Sequence[SimulatedPatient], seed: int) -> tuple[Mask, Array]:
    """Draw regions, and give each patient the score that follows from the injury of these alone."""
    rng = np.random.default_rng([seed, 7])
    injuries = np.array([list(each.truth.regions.values()) for each in patients])
    chosen = np.zeros(injuries.shape[1], dtype=bool)
    chosen[rng.choice(chosen.size, DRAWN, replace=False)] = True
    rule = ScoreMap()
    states = [rule.state(injury, rng) for injury in injuries[:, chosen].mean(axis=1)]
    return chosen, np.array([float(rule.exam(state, rng)) for state in states])


def planted(loads: Array, seed: int) -> tuple[Mask, Pairs, Array]:
    """Draw patients and regions of real masks; the score is the load of these, with as much noise."""
    rng = np.random.default_rng([seed, 11])
    some = loads[rng.choice(len(loads), STROKES, replace=False)]
    chosen = np.zeros(loads.shape[1], dtype=bool)
    chosen[rng.choice(chosen.size, DRAWN, replace=False)] = True
    load = some[:, chosen].mean(axis=1)
    score = -(load + rng.normal(0, load.std(), load.size)) / load.std()
    # a lesion load is what is lost of a healthy 1
    regions = Regions(1 - some, np.ones(loads.shape[1]), score)
    return chosen, explain_regions(regions, seed), some.mean(axis=0)


def real_map(loads: Array, nihss: Array, names: Sequence[str]) -> dict[str, object]:
    """Map the real NIHSS with log volume as a covariate; list the regions with p below 0.05."""
    volume = np.log(1e-3 + loads.sum(axis=1, keepdims=True))
    found = map_symptom(loads, nihss, permutations=1000, seed=0, covariates=volume)
    order = np.argsort(-np.abs(np.nan_to_num(found.statistic)))
    listed = {
        names[place]: {"t": round(float(found.statistic[place]), 2), "p_fwe": float(found.p_fwe[place])}
        for place in order
        if found.p_fwe[place] < 0.05
    }
    return {"tested": int(found.tested.sum()), "significant": listed}


def note(areas: Areas, truth: Mask, pairs: Pairs, alone: Array) -> None:
    """Keep the areas of each explanation, of its control, and of the images alone."""
    base = localisation_auc(alone, truth)
    for name, pair in pairs.items():
        found, control = (localisation_auc(np.asarray(each), truth) for each in pair)
        areas[name].append((found, control, base))


def compared(triples: Sequence[tuple[float, float, float]]) -> tuple[Localisation, Localisation]:
    """Compare an explanation with its control, and with the images alone."""
    found, control, alone = zip(*triples, strict=True)
    return compare_with_control(found, control), compare_with_control(found, alone)


def rows_of(areas: Areas) -> dict[str, object]:
    """Give what a file keeps."""
    return {
        name: {
            side: {
                "auc": each.auc, "control": each.control, "difference": each.difference,
                "interval": [each.low, each.high], "beats": each.beats_control,
            }
            for side, each in zip(("control", ALONE), compared(triples), strict=True)
        }
        for name, triples in areas.items()
    }  # fmt: skip


def table_of(areas: Areas) -> str:
    """Write the areas, and whether they are above those of control and images alone."""
    rows = []
    for name, triples in areas.items():
        control, alone = compared(triples)
        beats = "yes" if control.beats_control else "no"
        rows.append([name, f"{control.auc:.2f}", _cell(control), _cell(alone), beats])
    head = ["Explanation", "AUC", "control; difference", f"{ALONE}; difference", "beats control"]
    return f"{markdown(head, rows)}\nDo not beat their control: {'; '.join(failing(areas)) or 'none'}\n"


def failing(areas: Areas) -> list[str]:
    """Name the explanations that are not shown to beat their control."""
    return [name for name, triples in areas.items() if not compared(triples)[0].beats_control]


def _cell(each: Localisation) -> str:
    return f"{each.control:.2f}; {each.difference:+.2f} ({each.low:+.2f} to {each.high:+.2f})"


if __name__ == "__main__":
    main()
