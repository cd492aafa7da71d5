"""NIHSS of 600 stroke patients from where the lesion lies, beside its volume alone, left out.

    python benchmarks/coma_soop.py --out FOLDER [--repeats 1] [--sparse-epochs 25]

Volume is log(1 + ml); regions are the share of each region of Neuromorphometrics that is lesioned; the
sparse network sees the masks themselves at 4 mm (0 epochs leave it out). The difference to ridge on volume is
paired, on the same draws of patients. Coverage is that of 90 % CV+ intervals, plain and by score, of patients
left out of everything, beside the interval that knows no more than the other patients' scores. Reading takes
one CPU minute, the sparse network about two for each of the five folds of a repeat, all else three.
"""

from __future__ import annotations

from coma_coverage import as_lists, coverage_table, left_out_coverage
from coma_patients import read_soop
from coma_scores import Plan, as_json, markdown, measure_models, options, show, write_results

from bidsapp.analyses.coma.features.clinical import Clinical
from bidsapp.analyses.coma.features.protocol import Features
from bidsapp.analyses.coma.features.regional import Regional
from bidsapp.analyses.coma.models.boosting import Boosting
from bidsapp.analyses.coma.models.kernel import Kernel
from bidsapp.analyses.coma.models.linear import Linear
from bidsapp.analyses.coma.models.median import Median
from bidsapp.analyses.coma.models.protocol import Model
from bidsapp.analyses.coma.models.settings import Learning
from bidsapp.analyses.coma.models.volumes import sparse_network
from bidsapp.learning.validation.measures import OF_SCORES

HIGHEST = 42.0


def volume() -> Model:
    """Ridge on the volume alone: the reference."""
    return Linear("volume", "Volume, ridge", [_volume()])


def _volume() -> Clinical:
    return Clinical(only=["log_volume"])


def _both() -> list[Features]:
    return [_volume(), Regional()]


MODELS = {
    "median": Median,
    "volume": volume,
    "regions": lambda: Linear("regions", "Regions, ridge", [Regional()]),
    "volume-regions": lambda: Linear("volume-regions", "Volume and regions, ridge", _both()),
    "clinical-regions": lambda: Linear(
        "clinical-regions", "Volume, age, sex and regions, ridge", [Clinical(), Regional()]
    ),
    "kernel": lambda: Kernel("kernel", "Volume and regions, Gaussian kernel", _both()),
    "boosting": lambda: Boosting("boosting", "Volume and regions, boosted trees", _both()),
}


def main() -> None:
    """Measure the models, then the intervals of two of them."""
    parser = options("Models of NIHSS on real lesion masks.", permutations=False, repeats=1)
    parser.add_argument("--sparse-epochs", type=int, default=Learning().epochs, help="of the sparse network")
    said = parser.parse_args()
    study = read_soop(volumes=said.sparse_epochs > 0)
    target = study.targets["nihss"]
    models = dict(MODELS)
    if said.sparse_epochs:
        learning = Learning(lowest=0.0, highest=HIGHEST, epochs=said.sparse_epochs)
        models["sparse"] = lambda: sparse_network(learning)
    found = measure_models(models, study, target, OF_SCORES, Plan(repeats=said.repeats), beside="volume")
    head = ["Model", *OF_SCORES, "mae less that of volume", "r2 less that of volume"]
    rows = [
        [each.title, *map(show, each.measures.values())]
        + (["", ""] if each.name == "volume" else [show(each.differences[key]) for key in ("mae", "r2")])
        for each in found
    ]
    makes = {name: MODELS[name] for name in ("volume", "volume-regions")}
    covered = left_out_coverage(makes, volume, study, target, highest=HIGHEST)
    results = {
        "target": "nihss",
        "patients": len(study.patients),
        "regions": len(study.patients[0].regions["lesion"]),
        "models": [as_json(each) for each in found],
        "coverage": as_lists(covered),
    }
    write_results(said.out, "soop-nihss", results, f"{markdown(head, rows)}\n{coverage_table(covered)}")


if __name__ == "__main__":
    main()
