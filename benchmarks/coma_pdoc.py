"""CRS-R and recovery of 50 patients from resting-state signals and the bedside, left out, all models.

    python benchmarks/coma_pdoc.py --out FOLDER [--repeats 10] [--permutations 100] [--shuffles 5]
        [--targets crsr recovered]

Score: CRS-R at follow-up; Song et al. 2018 report R2 0.65 apparent and 0.28 corrected for optimism. Outcome:
recovery, Glasgow Outcome Scale of 3 or more. Folds are of patients, stratified by the label; whatever a model
learns, its penalty included, it learns in the training fold. Intervals are of 2000 draws of patients; p is of
shuffled labels, for the models that are quick (the others are shuffled ``--shuffles`` times, which shows that
they find nothing in noise but gives no p). AUC is of the predictions of all folds together: a fold that
leaves out more recovered patients has fewer to learn from, so the base rate alone gets less than 0.5, and so
does noise. About 15 CPU minutes, two thirds of them for recovery.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from coma_coverage import as_lists, coverage_table, left_out_coverage
from coma_patients import Study, read_pdoc
from coma_scores import (
    Makes,
    Measured,
    Plan,
    as_json,
    markdown,
    measure_models,
    options,
    permutation_p,
    show,
    write_results,
)

from bidsapp.analyses.coma.models.registry import MODELS, applicable
from bidsapp.learning.discrimination import Estimate
from bidsapp.learning.validation.measures import OF_OUTCOMES, OF_SCORES, auc, mae

TARGETS = ("crsr", "recovered")
HIGHEST = 23.0
SLOW = ("stacked", "boosting", "ordinal", "fusion")


@dataclass(frozen=True)
class Chance:
    """What a model says of shuffled labels: p (of quick models), how many shuffles, mean and 95 % range."""

    p: float | None
    shuffles: int
    mean: Estimate


def main() -> None:
    """Measure both targets."""
    parser = options("Models of CRS-R and recovery on real patients.")
    parser.add_argument("--shuffles", type=int, default=5, help="shuffles of the labels for slow models")
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=TARGETS)
    said = parser.parse_args()
    study = read_pdoc()
    names = applicable(study.patients)
    makes = {name: MODELS[name] for name in names.names}
    for target in said.targets:
        measures = OF_SCORES if target == "crsr" else OF_OUTCOMES
        plan = Plan(repeats=said.repeats)
        beside = "median" if target == "crsr" else "clinical"
        found = measure_models(makes, study, study.targets[target], measures, plan, beside=beside)
        shuffled = _shuffled(makes, study, target, plan, said.permutations, said.shuffles)
        results = {
            "target": target,
            "patients": len(study.patients),
            "left_out_models": dict(names.reasons),
            "models": [as_json(each) | {"shuffled": asdict(shuffled[each.name])} for each in found],
        }
        table = _table(found, shuffled, beside)
        if target == "crsr":
            chosen = {"clinical": MODELS["clinical"]}
            labels = study.targets[target]
            covered = left_out_coverage(chosen, MODELS["clinical"], study, labels, highest=HIGHEST)
            results["coverage"] = as_lists(covered)
            table += f"\n{coverage_table(covered)}"
        write_results(said.out, f"pdoc-{target}", results, table)


def _shuffled(
    makes: Makes, study: Study, target: str, plan: Plan, permutations: int, shuffles: int
) -> dict[str, Chance]:
    """Give what each model says of shuffled labels, by the first measure of the target."""
    measure, higher = (mae, False) if target == "crsr" else (auc, True)
    found = {}
    for slow, count in ((False, permutations), (True, shuffles)):
        chosen = {name: make for name, make in makes.items() if (name in SLOW) == slow}
        labels = study.targets[target]
        nulls = permutation_p(chosen, study, labels, measure, plan, permutations=count, higher=higher)
        for name, (p, null) in nulls.items():
            low, high = np.quantile(null, [0.025, 0.975])
            told = None if slow or name == "median" else p
            found[name] = Chance(told, count, Estimate(float(null.mean()), float(low), float(high)))
    return found


def _table(found: list[Measured], shuffled: Mapping[str, Chance], beside: str) -> str:
    first = next(iter(found[0].measures))
    head = ["Model", *found[0].measures, f"{first} less that of {beside}", "p", f"{first} of shuffled labels"]
    rows = []
    for each in found:
        chance = shuffled[each.name]
        rows.append([
            each.title,
            *(show(value) for value in each.measures.values()),
            "" if each.name == beside else show(each.differences[first]),
            "" if chance.p is None else f"{chance.p:.3f}",
            show(chance.mean),
        ])  # fmt: skip
    return markdown(head, rows)


if __name__ == "__main__":
    main()
