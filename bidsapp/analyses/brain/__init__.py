"""Brain mask and tissues by a contrast-agnostic network: preprocessing uses it, users can retrain it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bidsapp.analyses.protocol import Source
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort
from bidsapp.recipe import Recipe

_DATA = Path(__file__).parents[2] / "data"


@dataclass(frozen=True)
class BrainModel:
    """The model as the command line sees it (`bidsapp.analyses.protocol.Trainable`)."""

    name: str = "brain"
    title: str = "Brain mask and tissues"
    learns_from: Source = "labels"
    recipe: Path = _DATA / "recipes" / "brain.toml"
    bundle: Path | None = _DATA / "bundles" / "brain"

    def train(
        self,
        cohort: Cohort,
        recipe: Recipe,
        *,
        path: Path,
        device: str,
        seed: int,
        options: Mapping[str, str],
    ) -> Bundle | None:
        """Fit the network on members with a T1w and a ``dseg``; no option of the command line concerns it."""
        from bidsapp.analyses.brain.train import train

        return train(cohort, recipe, path, device=device, seed=seed)


ANALYSIS = BrainModel()
