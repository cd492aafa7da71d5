"""Hyper-parameters of the normative model, typed; a bundle carries those it was trained with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bidsapp.analyses.anomaly.learned import Learned
from bidsapp.errors import BadDataError
from bidsapp.recipe import Recipe

TISSUES = ("GM", "WM", "CSF")
COVARIATES = ("age", "age_squared", "sex", "scanner")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The keys of ``data/recipes/anomaly.toml``, where each is explained."""

    images: tuple[str, ...]
    tissues: tuple[str, ...]
    fwhm_mm: float
    covariates: tuple[str, ...]
    prior_weight: float
    tail_power: float
    tail_fwhm_mm: float
    coverage: float
    cluster_threshold: float
    region_threshold: float
    family_wise_alpha: float
    listed_clusters: int
    minimum_controls: int
    atlas: str
    learned: Learned

    @classmethod
    def of(cls, recipe: Recipe) -> Options:
        """Check a recipe.

        Raises
        ------
        BadDataError
            A value makes no sense; the sentence names it.
        """
        options = cls(
            images=recipe.names("images"),
            tissues=recipe.names("tissues", TISSUES),
            covariates=recipe.names("covariates", COVARIATES),
            fwhm_mm=recipe.within("fwhm_mm", 0, 40),
            prior_weight=recipe.within("prior_weight", 0.1, 1e6),
            tail_power=recipe.within("tail_power", 0, 4),
            tail_fwhm_mm=recipe.within("tail_fwhm_mm", 0, 100),
            coverage=recipe.within("coverage", 0.01, 1),
            cluster_threshold=recipe.within("cluster_threshold", 0.5, 20),
            region_threshold=recipe.within("region_threshold", 0.5, 20),
            family_wise_alpha=recipe.within("family_wise_alpha", 0.001, 0.5),
            listed_clusters=recipe.integer("listed_clusters"),
            minimum_controls=max(recipe.integer("minimum_controls"), 10),
            atlas=recipe.text("atlas"),
            learned=Learned.of(recipe),
        )
        if not options.images and not options.tissues:
            raise BadDataError(
                "Recipe keys 'images' and 'tissues' are both empty; name at least one channel."
            )
        return options

    @classmethod
    def of_bundle(cls, metadata: Mapping[str, object]) -> Options:
        """Read the recipe that a bundle was trained with.

        Raises
        ------
        BadDataError
            It says no recipe, or one that makes no sense.
        KeyError
            A key is missing: the bundle is of another version.
        """
        values = metadata.get("recipe")
        if not isinstance(values, dict):
            raise BadDataError("The bundle does not say its recipe; train it again.")
        return cls.of(Recipe("anomaly", values))
