"""Makes the packaged bundle coma-simulated, and measures its fusion network against missing modalities.

    python benchmarks/coma_bundle_simulated.py [--derivatives HEALTHY] [--patients 100] [--left-out 60]
        [--epochs 15] [--folder bidsapp/data/bundles] [--out FILE.json]

SIMULATED: the bundle demonstrates the multimodal model and says nothing of a person; no analysis takes it
unless --bundle names it. Patients have T1w, FLAIR, FA, FDG, resting state and bedside facts of the
simulator, a fifth of the scans missing; six modalities keep the bundle below 2 MB. The network is taken
whether or not it is the best model, since it is what is shown; the table of the model card says what the
median and ridge regression are worth beside it.

Accuracy is the mean absolute error in simulated patients of another seed who have every scan, from whom 0 to
5 of the 6 modalities are taken at random, with an interval over patients (2000 bootstraps). All takes two CPU
minutes.
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from coma_simulated import Simulated, add_options, healthy_heads, simulate

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.analyses.coma.models.fusion import Fusion, without
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.rows import make_rows
from bidsapp.analyses.coma.train import Source, fit_bundle
from bidsapp.analyses.coma.trained import Trained, read_trained
from bidsapp.bundle import Bundle
from bidsapp.files import write_json
from bidsapp.recipe import Recipe
from bidsapp.simulate.coma.head import Head
from bidsapp.simulate.coma.study import Study

FOLDER = Path(__file__).parents[1] / "bidsapp" / "data" / "bundles"
SEED, OTHER_SEED = 2026, 2027
MISSING, TAKEN = 0.2, (0, 1, 2, 3, 4, 5)
VOLUMES, SERIES = ("T1w", "FLAIR", "FA", "pet"), ("bold",)
BOOTSTRAPS = 2000
SOURCE = Source(
    name="coma-simulated",
    data="SIMULATED patients (bidsapp.simulate.coma); they show no person",
    licence="Learned from simulated patients alone. For research use only: not a medical device.\n",
    take="fusion",
    simulated=True,
    notes=(
        "SIMULATED: learned from simulated patients; its score says nothing of a real patient.",
        "The fusion network was taken because it is what is shown here, not because it was the best model.",
        "With only one or two of its six modalities it is no better than the median of its patients.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Training:
    """How much the network learns.

    Attributes
    ----------
    epochs, folds
        Of every network, and of patients.
    coarsen
        Voxels of the simulated images along each axis that are averaged first: the network sees 12 mm.
    """

    epochs: int = 15
    folds: int = 3
    coarsen: int = 3


def main() -> None:
    """Simulate, train, write the bundle, measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    parser.add_argument("--patients", type=int, default=100)
    parser.add_argument("--left-out", type=int, default=60)
    parser.add_argument("--epochs", type=int, default=Training.epochs)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    heads = healthy_heads(options)
    start = time.process_time()
    known = cohort(options.patients, heads, Study(seed=SEED, missing=MISSING))
    new = cohort(options.left_out, heads, Study(seed=OTHER_SEED))
    simulated_s = time.process_time() - start
    bundle = make_bundle(known, Training(epochs=options.epochs), options.folder / SOURCE.name)
    trained_s = time.process_time() - start - simulated_s
    trained = read_trained(bundle)
    found = {
        "cpu_s": {"simulation": simulated_s, "training": trained_s},
        "megabytes": megabytes(bundle),
        "median": error(np.full(len(new.crsr), np.median(known.crsr)), new.crsr),
        "by_taken": {str(taken): by_taken(trained, new, taken) for taken in TAKEN},
        "weights": mean_weights(cast("Fusion", trained.model), new.patients),
    }
    print((bundle.path / "docs" / "README.md").read_text(encoding="utf-8"))
    for key, value in found.items():
        print(key, value)
    if options.out:
        write_json(options.out, {"argv": sys.argv[1:], **found})


def cohort(count: int, heads: Sequence[Head], study: Study) -> Simulated:
    """Simulate patients with the modalities that are shown, and no others."""
    found = simulate(count, heads, study)
    seen = [
        replace(
            patient,
            volumes={key: image for key, image in patient.volumes.items() if key in VOLUMES},
            regions={key: means for key, means in patient.regions.items() if key in VOLUMES},
            series={key: signals for key, signals in patient.series.items() if key in SERIES},
        )
        for patient in found.patients
    ]
    return replace(found, patients=tuple(seen))


def make_bundle(known: Simulated, training: Training, path: Path) -> Bundle:
    """Train on simulated patients; the median and ridge are compared, and the network is taken."""
    packaged = Recipe.read("coma", ANALYSIS.recipe)
    values = {
        **packaged.values,
        "models": ["median", "clinical-regions", "fusion"],
        "epochs": training.epochs,
        "coarsen": training.coarsen,
        "folds": training.folds,
        "inner_folds": 2,
        "repeats": 1,
        "permutations": 0,
        "resamples": 500,
    }
    recipe = replace(packaged, values=values)
    rows = make_rows(known.patients, known.crsr, "crs_r", Options.of(recipe))
    return fit_bundle(rows, recipe, path, seed=SEED, source=SOURCE)


def megabytes(bundle: Bundle) -> float:
    """Give the size of all files of a bundle."""
    return sum(path.stat().st_size for path in bundle.path.rglob("*") if path.is_file()) / 1e6


def by_taken(trained: Trained, new: Simulated, taken: int) -> tuple[float, float, float]:
    """Give the error with modalities taken away at random, the same ones at every call."""
    rng = np.random.default_rng(taken)
    left = []
    for patient in new.patients:
        codes = rng.permutation(cast("Fusion", trained.model).codes)[:taken]
        left.append(functools.reduce(without, map(str, codes), patient))
    return error(trained.model.predict(left), new.crsr)


def error(predicted: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float, float]:
    """Give the mean absolute error with the 95 % interval over patients."""
    errors = np.abs(predicted - truth)
    drawn = np.random.default_rng(0).integers(errors.size, size=(BOOTSTRAPS, errors.size))
    low, high = np.quantile(errors[drawn].mean(axis=1), [0.025, 0.975])
    return float(errors.mean()), float(low), float(high)


def mean_weights(model: Fusion, patients: Sequence[Patient]) -> dict[str, float]:
    """Give the mean weight of each modality in patients who have all of them."""
    means = model.weights(patients).mean(axis=0)
    return dict(zip(model.codes, means.round(3).tolist(), strict=True))


if __name__ == "__main__":
    main()
