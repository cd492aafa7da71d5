"""Multiple sclerosis: all lesions, those that would enhance with gadolinium, and the image with it."""

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
class MultipleSclerosis:
    """The analysis as the house sees it (:class:`bidsapp.analyses.protocol.Analysis`)."""

    name: str = "ms"
    title: str = "Multiple-sclerosis lesions"
    learns_from: Source = "masks"
    recipe: Path = _DATA / "recipes" / "ms.toml"
    bundle: Path | None = _DATA / "bundles" / "ms-lesion"

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
        """Find the lesions of a session; the seed is of the checks of explanations."""
        from bidsapp.analyses.ms.predict import predict

        return predict(member, bundle, out_dir, device=device, seed=seed, explain=explain)

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
        """Fit the network on patients with masks, and on the controls of ``options`` made ill."""
        from bidsapp.analyses.ms.train import train

        return train(
            cohort,
            recipe,
            path,
            device=device,
            seed=seed,
            controls=options.get("controls", ""),
            packaged=self.bundle,
        )


ANALYSIS = MultipleSclerosis()
