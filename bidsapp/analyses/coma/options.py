"""Hyper-parameters of the coma analysis, typed; a bundle carries those it was trained with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, cast

from bidsapp.analyses.coma.models.settings import (
    BALANCES,
    CURRICULA,
    FUSIONS,
    LOSSES,
    Curriculum,
    Fusing,
    Learning,
)
from bidsapp.errors import BadDataError
from bidsapp.learning.confidence.by_score import INTERVALS, IntervalName
from bidsapp.recipe import Recipe

Kind = Literal["score", "outcome"]
HEALTHY_ALPHA = 0.05
FEWEST_PATIENTS = 10
"""That a model is learned from, whatever the recipe's ``minimum_patients``."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The keys of ``data/recipes/coma.toml``, where each is explained."""

    kind: Kind
    lowest: float
    highest: float
    cut: float
    near: float
    category_column: str
    categories: tuple[str, ...]
    covariates: tuple[str, ...]
    atlas: str
    models: tuple[str, ...]
    learning: Learning
    folds: int
    inner_folds: int
    repeats: int
    permutations: int
    resamples: int
    level: float
    interval: IntervalName
    minimum_patients: int
    reference_alpha: float
    healthy_alpha: float = HEALTHY_ALPHA

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value of what is predicted."""
        return (0.0, 1.0) if self.kind == "outcome" else (self.lowest, self.highest)

    @classmethod
    def of(cls, recipe: Recipe) -> Options:
        """Check a recipe.

        Raises
        ------
        BadDataError
            A value makes no sense; the sentence names it.
        """
        lowest, highest = recipe.number("lowest"), recipe.number("highest")
        if not lowest < highest:
            raise BadDataError(
                f"Recipe key 'lowest' is {lowest:g}, which is not below 'highest', {highest:g}."
            )
        return cls(
            kind=cast("Kind", recipe.choice("kind", ("score", "outcome"))),
            lowest=lowest,
            highest=highest,
            cut=recipe.within("cut", lowest, highest),
            near=recipe.within("near", 0.0, highest - lowest),
            category_column=recipe.text("category_column"),
            categories=recipe.names("categories"),
            covariates=recipe.names("covariates"),
            atlas=recipe.text("atlas"),
            models=tuple(dict.fromkeys(("median", *recipe.names("models")))),  # never without the baseline
            learning=_learning(recipe),
            folds=int(recipe.within("folds", 2, 1000)),
            inner_folds=int(recipe.within("inner_folds", 2, 1000)),
            repeats=int(recipe.within("repeats", 1, 1000)),
            permutations=int(recipe.within("permutations", 0, 100000)),
            resamples=int(recipe.within("resamples", 100, 100000)),
            level=_level(recipe),
            interval=cast("IntervalName", recipe.choice("interval", tuple(INTERVALS))),
            minimum_patients=max(int(recipe.number("minimum_patients")), FEWEST_PATIENTS),
            reference_alpha=recipe.within("reference_alpha", 0.0, 0.5),
            healthy_alpha=recipe.within("healthy_alpha", 0.0, 0.5),
        )

    @classmethod
    def of_bundle(cls, metadata: Mapping[str, object]) -> Options:
        """Read the recipe that a bundle was trained with; younger keys than it are as by default.

        Raises
        ------
        BadDataError
            It says no recipe, or one that makes no sense.
        """
        values = metadata.get("recipe")
        if not isinstance(values, dict):
            raise BadDataError("The bundle does not say its recipe; train it again.")
        younger = {**asdict(Learning()), "interval": "plain", "healthy_alpha": HEALTHY_ALPHA}
        return cls.of(Recipe("coma", {**younger, **values}))


def _level(recipe: Recipe) -> float:
    """Read the level; at one half, an end of an interval would be no longer below the other."""
    level = recipe.within("level", 0.5, 0.99)
    if level == 0.5:
        raise BadDataError("Recipe key 'level' must be above 0.5; take 0.9, say.")
    return level


def _learning(recipe: Recipe) -> Learning:
    lowest, highest = recipe.number("lowest"), recipe.number("highest")
    simulated = int(recipe.within("simulated", 0, 10000))
    if simulated and (lowest, highest) != (0, 23):
        raise BadDataError(
            "Recipe key 'simulated' is for the Coma Recovery Scale-Revised, 0 to 23; set it to 0 for a score "
            f"from {lowest:g} to {highest:g}."
        )
    return Learning(
        lowest=lowest,
        highest=highest,
        loss=recipe.choice("loss", LOSSES),
        balance=recipe.choice("balance", BALANCES),
        curriculum=cast("Curriculum", recipe.choice("curriculum", CURRICULA)),
        soft_labels=recipe.within("soft_labels", 0, highest - lowest),
        fusion=cast("Fusing", recipe.choice("fusion", FUSIONS)),
        epochs=int(recipe.within("epochs", 1, 10000)),
        modality_dropout=recipe.within("modality_dropout", 0, 0.9),
        coarsen=int(recipe.within("coarsen", 1, 8)),
        simulated=simulated,
    )
