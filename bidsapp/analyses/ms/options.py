"""Hyper-parameters of the lesion network, typed; a bundle carries those it was trained with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from bidsapp.errors import BadDataError
from bidsapp.recipe import Recipe

if TYPE_CHECKING:
    from bidsapp.networks.dropout import Kind

DEPTH = 16
STARTS = ("packaged", "random")
TASK_WEIGHTS = ("fixed", "learned")
DROPOUTS = ("none", "bernoulli", "gaussian")
ACTIVE_FROM = ("head", "synthesis", "change")
GENERATORS = ("vae", "gan")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The keys of ``data/recipes/ms.toml``, where each is explained.

    Checkpoints are named after the ``repr``: what does not change the weights is no part of it.
    """

    start: str
    features: tuple[int, ...]
    crop: int
    keep: float
    keep_prior: float
    alone: float
    background_share: float
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
    task_weights: str
    dropout: Kind
    dropout_rate: float
    checkpoint_steps: int
    blend_share: float
    heal_share: float
    generated_share: float
    generator: str
    generator_steps: int
    augmented_versions: int
    samples: int = field(repr=False)
    test_time_augmentation: bool = field(repr=False)
    active_from: str = field(repr=False)
    workers: int = field(repr=False)

    @property
    def flips(self) -> tuple[bool, ...]:
        """Whether a brain is read as it is, and mirrored too (`bidsapp.analyses.ms.inference.infer`)."""
        return (False, True) if self.test_time_augmentation else (False,)

    @property
    def augmentations(self) -> dict[str, float]:
        """Share of patient examples by kind of augmentation, those that are wanted."""
        shares = {"blend": self.blend_share, "heal": self.heal_share, "generated": self.generated_share}
        return {kind: share for kind, share in shares.items() if share > 0}

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
        _check_heads(recipe)
        _check_shares(recipe)
        return cls(
            start=recipe.choice("start", STARTS),
            features=_features(recipe),
            crop=crop,
            keep=recipe.within("keep", 0.05, 1),
            keep_prior=recipe.within("keep_prior", 0, 1),
            alone=recipe.within("alone", 0, 1),
            background_share=recipe.within("background_share", 0, 1),
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
            task_weights=recipe.choice("task_weights", TASK_WEIGHTS),
            dropout=cast("Kind", recipe.choice("dropout", DROPOUTS)),
            dropout_rate=recipe.within("dropout_rate", 0.01, 0.49 if _gaussian(recipe) else 0.95),
            checkpoint_steps=int(recipe.within("checkpoint_steps", 1, 1e7)),
            samples=int(recipe.within("samples", 1, 1000)),
            test_time_augmentation=recipe.flag("test_time_augmentation"),
            active_from=recipe.choice("active_from", ACTIVE_FROM),
            workers=int(recipe.within("workers", 0, 256)),
            blend_share=recipe.within("blend_share", 0, 1),
            heal_share=recipe.within("heal_share", 0, 1),
            generated_share=recipe.within("generated_share", 0, 1),
            generator=recipe.choice("generator", GENERATORS),
            generator_steps=int(recipe.within("generator_steps", 1, 1e7)),
            augmented_versions=int(recipe.within("augmented_versions", 1, 1000)),
        )


def _gaussian(recipe: Recipe) -> bool:
    return recipe.text("dropout") == "gaussian"


def _check_heads(recipe: Recipe) -> None:
    """Refuse to read lesions or activity from an output that nothing was learned for."""
    if not recipe.number("weight_lesion"):
        raise BadDataError(
            "Recipe key 'weight_lesion' must be above 0: each session's lesions are read from what it weighs."
        )
    if recipe.text("active_from") == "synthesis" and not recipe.number("weight_post"):
        raise BadDataError(
            "Recipe key 'active_from' is 'synthesis': 'weight_post' must be above 0, since activity is then "
            "read from the synthesised T1w."
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


def _check_shares(recipe: Recipe) -> None:
    keys = ("blend_share", "heal_share", "generated_share")
    total = sum(recipe.number(key) for key in keys)
    if total > 1 + 1e-6:
        raise BadDataError(
            f"Recipe keys {', '.join(keys)} add up to {total:g}; they are shares of the patient examples, "
            "at most 1 together."
        )
