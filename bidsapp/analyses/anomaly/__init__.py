"""Where a subject's brain differs from healthy controls of its age and sex: plain statistics, calibrated."""

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
class Anomaly:
    """The analysis as the house sees it (:class:`bidsapp.analyses.protocol.Analysis`)."""

    name: str = "anomaly"
    title: str = "Anomaly map against healthy controls"
    learns_from: Source = "derivatives"
    recipe: Path = _DATA / "recipes" / "anomaly.toml"
    bundle: Path | None = _DATA / "bundles" / "anomaly-t1w"

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
        """Compare a subject with the controls of a bundle; seed and ``explain`` do not matter."""
        from bidsapp.analyses.anomaly.predict import predict

        return predict(member, bundle, out_dir, device=device)

    def check(self, cohort: Cohort, recipe: Recipe) -> None:
        """Refuse a recipe that makes no sense, or that needs more controls."""
        from bidsapp.analyses.anomaly.train import settle

        settle(cohort, recipe)

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
        """Learn features of a cohort of controls where the recipe says so, and fit the normative model."""
        from bidsapp.analyses.anomaly.train import train

        return train(cohort, recipe, path, device=device, seed=seed, controls=options.get("controls", ""))


ANALYSIS = Anomaly()
