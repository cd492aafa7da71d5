"""Coma: a score with its doubt, from few patients with many images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bidsapp.analyses.protocol import Source
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort, Member
from bidsapp.findings import Findings
from bidsapp.recipe import Recipe

_DATA = Path(__file__).parents[2] / "data"


@dataclass(frozen=True)
class Coma:
    """The analysis as the house sees it (:class:`bidsapp.analyses.protocol.Analysis`)."""

    name: str = "coma"
    title: str = "Score of a patient with a disorder of consciousness"
    learns_from: Source = "scores"
    recipe: Path = _DATA / "recipes" / "coma.toml"
    bundle: Path | None = _DATA / "bundles" / "coma-restingstate"

    def predict(
        self,
        member: Member,
        bundle: Bundle,
        *,
        out_dir: Path,
        device: str,
        seed: int,
        explain: bool = False,
    ) -> Findings:
        """Predict the score of a session; nothing here is random, and reasons are always given."""
        from bidsapp.analyses.coma.predict import predict

        return predict(member, bundle)

    def train(
        self,
        cohort: Cohort,
        recipe: Recipe,
        *,
        path: Path,
        device: str,
        seed: int,
        options: Mapping[str, str],
    ) -> Bundle:
        """Compare models on the patients of a cohort and write the bundle of the one that is taken."""
        from bidsapp.analyses.coma.train import train

        return train(cohort, recipe, path, seed=seed, target=options.get("target", ""))


ANALYSIS = Coma()
