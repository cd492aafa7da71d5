"""NIHSS of 600 stroke patients from where the lesion lies, beside its volume alone, left out.

    python benchmarks/coma_soop.py --out FOLDER [--repeats 3]

Volume is log(1 + ml); regions are the share of each region of Neuromorphometrics that is lesioned. The
difference to ridge on volume is paired, on the same draws of patients. Coverage is that of 90 % CV+ intervals
of patients left out of everything, beside the interval that knows no more than the other patients' scores.
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
    said = options("Models of NIHSS on real lesion masks.", permutations=False).parse_args()
    study = read_soop()
    target = study.targets["nihss"]
    found = measure_models(MODELS, study, target, OF_SCORES, Plan(repeats=said.repeats), beside="volume")
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
