"""Hyper-parameters of the lesion network, typed; a bundle carries those it was trained with."""

from __future__ import annotations

from dataclasses import dataclass

from bidsapp.errors import BadDataError
from bidsapp.recipe import Recipe

DEPTH = 16
STARTS = ("packaged", "random")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The keys of ``data/recipes/ms.toml``, where each is explained."""

    start: str
    features: tuple[int, ...]
    crop: int
    keep: float
    keep_prior: float
    steps: int
    learning_rate: float
    final_rate: float
    average: float
    healthy_share: float
    real_outlines: float
    some_active: float
    patient_steps: int
    patient_learning_rate: float
    patient_share: float
    folds: int
    weight_lesion: float
    weight_active: float
    weight_post: float
    checkpoint_steps: int

    @classmethod
    def of(cls, recipe: Recipe) -> Options:
        """Check a recipe.

        Raises
        ------
        BadDataError
            A value makes no sense; the sentence names it.
        """
        crop = recipe.integer("crop")
        if crop < 2 * DEPTH or crop % DEPTH:
            raise BadDataError(f"Recipe key 'crop' must be a multiple of {DEPTH} from 32 on, not {crop}.")
        return cls(
            start=recipe.choice("start", STARTS),
            features=_features(recipe),
            crop=crop,
            keep=recipe.within("keep", 0.05, 1),
            keep_prior=recipe.within("keep_prior", 0, 1),
            steps=int(recipe.within("steps", 0, 1e7)),
            learning_rate=recipe.within("learning_rate", 1e-7, 1),
            final_rate=recipe.within("final_rate", 0, 1),
            average=recipe.within("average", 0, 0.99999),
            healthy_share=recipe.within("healthy_share", 0, 1),
            real_outlines=recipe.within("real_outlines", 0, 1),
            some_active=recipe.within("some_active", 0, 1),
            patient_steps=int(recipe.within("patient_steps", 0, 1e7)),
            patient_learning_rate=recipe.within("patient_learning_rate", 1e-7, 1),
            patient_share=recipe.within("patient_share", 0, 1),
            folds=int(recipe.within("folds", 2, 1000)),
            weight_lesion=recipe.within("weight_lesion", 0, 100),
            weight_active=recipe.within("weight_active", 0, 100),
            weight_post=recipe.within("weight_post", 0, 100),
            checkpoint_steps=int(recipe.within("checkpoint_steps", 1, 1e7)),
        )


def _features(recipe: Recipe) -> tuple[int, ...]:
    values = recipe.values["features"]
    if (
        not isinstance(values, list)
        or len(values) != 6
        or not all(isinstance(n, int) and n > 0 for n in values)
    ):
        raise BadDataError(f"Recipe key 'features' must be a list of six whole numbers, not {values!r}.")
    return tuple(int(n) for n in values)
