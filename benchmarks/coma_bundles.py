"""Makes the packaged bundles of the coma analysis from real patients.

    python benchmarks/coma_bundles.py restingstate [--folder bidsapp/data/bundles]
    python benchmarks/coma_bundles.py stroke

``coma-restingstate`` learns the Coma Recovery Scale-Revised from the signals and bedside facts of 50 patients
(pdoc), whose 30 healthy controls tell it who is no patient; ``stroke-nihss`` the NIH Stroke Scale from the
lesion masks of 600 (soop). Both folders are below the folder that the environment variable BIDSAPP_REALDATA
names.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from coma_patients import Study, read_pdoc, read_pdoc_controls, read_soop

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.rows import make_rows
from bidsapp.analyses.coma.train import Source, fit_bundle
from bidsapp.recipe import Recipe, Value

_RESEARCH = "For research use only: not a medical device.\n"
FOLDER = Path(__file__).parents[1] / "bidsapp" / "data" / "bundles"


@dataclass(frozen=True)
class Plan:
    """What a bundle learns, from whom, and what its users must know."""

    target: str
    source: Source
    values: Mapping[str, Value]


PLANS: Mapping[str, Plan] = {
    "restingstate": Plan(
        target="crs_r",
        source=Source(
            name="coma-restingstate",
            data="50 patients with disorders of consciousness and 30 healthy controls, Beijing 3 T (Song et "
            "al., eLife 2018, https://doi.org/10.7554/eLife.36173; github.com/realmsong504/pDOC, MIT "
            "licence)",
            licence="Learned from data under the MIT licence, copyright Ming Song and others "
            f"(github.com/realmsong504/pDOC).\n{_RESEARCH}",
            notes=(
                "Signals must be of the 22 regions of Song et al. 2018.",
                "The score is, as published, that at follow-up, a year or more after the scan.",
                "The healthy controls were scanned for longer than most patients, which alone tells some of "
                "them (AUC 0.78).",
            ),
            changes={
                "0.1.0": "first",
                "0.2.0": "30 healthy controls: who cannot be told from them gets no score",
            },
        ),
        values={"repeats": 10, "permutations": 200},
    ),
    "stroke": Plan(
        target="nihss",
        source=Source(
            name="stroke-nihss",
            data="600 patients with acute stroke, lesion masks (Absher et al., Sci Data 2024, "
            "https://doi.org/10.1038/s41597-024-03667-5; OpenNeuro ds004889; masks by "
            "github.com/neurolabusc/StrokeOutcomeOptimizationProjectDemo, BSD 2-clause licence)",
            licence="Learned from data under the BSD 2-clause licence "
            f"(github.com/neurolabusc/StrokeOutcomeOptimizationProjectDemo).\n{_RESEARCH}",
            notes=(
                "The score is the NIH Stroke Scale in acute stroke, not a score of consciousness.",
                "The training masks were in MNI space, but not exactly in MNI152NLin2009cAsym.",
            ),
            changes={"0.1.0": "first", "0.2.0": "intervals by score, Haufe patterns beside reasons"},
        ),
        values={
            "lowest": 0.0,
            "highest": 42.0,
            "cut": 16.0,
            "covariates": ["age", "sex", "log_volume"],
            "models": ["median", "clinical", "regions", "clinical-regions"],
            "repeats": 3,
            "permutations": 100,
        },
    ),
}
CONTROLS = {"restingstate": read_pdoc_controls}
STUDIES = {"restingstate": (read_pdoc, "crsr"), "stroke": (read_soop, "nihss")}


def main() -> None:
    """Fit the bundle that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", choices=PLANS)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--seed", type=int, default=2026)
    arguments = parser.parse_args()
    plan = PLANS[arguments.bundle]
    read, target = STUDIES[arguments.bundle]
    study: Study = read()
    packaged = Recipe.read("coma", ANALYSIS.recipe)
    recipe = replace(packaged, values={**packaged.values, **plan.values})
    rows = make_rows(study.patients, study.targets[target], plan.target, Options.of(recipe))
    if arguments.bundle in CONTROLS:
        rows = replace(rows, controls=tuple(CONTROLS[arguments.bundle]()))
    path = arguments.folder / plan.source.name
    bundle = fit_bundle(rows, recipe, path, seed=arguments.seed, source=plan.source)
    print((bundle.path / "docs" / "README.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
