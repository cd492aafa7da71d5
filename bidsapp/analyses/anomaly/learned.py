"""Which learned features are compared, and how they are learned: the recipe's keys, typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from bidsapp.analyses.anomaly.representations import ADVERSARIAL_NAMES, NAMES, SLICE_NAMES
from bidsapp.errors import BadDataError
from bidsapp.oneclass.machines import MACHINES
from bidsapp.oneclass.probability import Form
from bidsapp.recipe import Recipe

Features = Literal["intensity", "latent", "reconstruction", "discriminator"]
Unit = Literal["patch", "slice"]
PEOPLE = 4
SCORES = ("gaussian", *MACHINES)
CALIBRATIONS = ("normative", "pooled", *get_args(Form))


@dataclass(frozen=True, kw_only=True)
class Learned:
    """The keys of ``data/recipes/anomaly.toml`` about features, where each is explained."""

    features: Features
    representation: str
    unit: Unit
    dimensions: int
    latent: int
    score: str
    nu: float
    neighbours: int
    score_fwhm_mm: float
    calibration: str
    steps: int
    pairs: int
    learning_rate: float
    checkpoint_steps: int
    alpha: float
    metric: str
    training: str
    beta: float
    discrepancy: float

    @classmethod
    def of(cls, recipe: Recipe) -> Learned:
        """Check a recipe.

        Raises
        ------
        BadDataError
            A value makes no sense; the sentence names it.
        """
        return cls(
            features=cast("Features", recipe.choice("features", get_args(Features))),
            representation=recipe.choice("representation", NAMES),
            unit=cast("Unit", recipe.choice("unit", get_args(Unit))),
            dimensions=int(recipe.within("dimensions", 2, 3)),
            latent=int(recipe.within("latent", 2, 256)),
            score=recipe.choice("score", SCORES),
            nu=recipe.within("nu", 1e-4, 0.999),
            neighbours=int(recipe.within("neighbours", 1, 100)),
            score_fwhm_mm=recipe.within("score_fwhm_mm", 0, 40),
            calibration=recipe.choice("calibration", CALIBRATIONS),
            steps=int(recipe.within("steps", 1, 10_000_000)),
            pairs=int(recipe.within("pairs", 4, 65_536)),
            learning_rate=recipe.within("learning_rate", 1e-7, 1),
            checkpoint_steps=int(recipe.within("checkpoint_steps", 1, 1_000_000)),
            alpha=recipe.within("alpha", 0, 1e6),
            metric=recipe.choice("metric", ("cosine", "euclidean", "correlation")),
            training=recipe.choice("training", ("joint", "stacked")),
            beta=recipe.within("beta", 0, 1e6),
            discrepancy=recipe.within("discrepancy", 0, 1e6),
        )

    def __post_init__(self) -> None:
        """Refuse combinations that do not exist."""
        if self.features == "intensity" and self.score != "gaussian":
            raise BadDataError(
                f"Recipe key 'score' is '{self.score}', which needs learned features; set features to latent."
            )
        if self.calibration != "normative" and not self.one_score:
            raise BadDataError(
                f"Recipe key 'calibration' is '{self.calibration}', which needs one score at a voxel; "
                "set score to a machine."
            )
        if self.features != "intensity" and self.score == "svm" and self.calibration == "normative":
            raise BadDataError(
                "Recipe: calibration 'normative' is not exact for score 'svm'; set calibration to pooled."
            )
        if self.features == "reconstruction" and self.score in MACHINES:
            raise BadDataError("Recipe: reconstruction is a score itself; set score to gaussian.")
        if self.unit == "patch" and self.pairs % PEOPLE:
            raise BadDataError(f"Recipe key 'pairs' must be a multiple of {PEOPLE}, not {self.pairs}.")
        if self.unit == "slice" and self.dimensions == 3:
            raise BadDataError("Recipe: a slice has two dimensions; set dimensions to 2 or unit to patch.")
        if self.unit == "slice" and self.representation not in SLICE_NAMES:
            raise BadDataError(f"Recipe: {self.representation} is for patches; set unit to patch.")
        if self.features == "discriminator" and self.representation not in ADVERSARIAL_NAMES:
            raise BadDataError(f"Recipe: {self.representation} has no discriminator; choose other features.")

    @property
    def numbers(self) -> int:
        """How many numbers of the network describe a voxel, where a machine looks at them."""
        two_critics = self.features == "discriminator" and self.representation == "contextual"
        return 2 * self.latent if two_critics else self.latent

    @property
    def fewest_controls(self) -> int:
        """How many controls the score needs at least."""
        learns = self.features not in ("intensity", "reconstruction")
        return self.neighbours + 1 if learns and self.score == "neighbours" else 0

    @property
    def one_score(self) -> bool:
        """Whether one number at a voxel is compared, which grows with abnormality."""
        return self.features == "reconstruction" or (self.features != "intensity" and self.score in MACHINES)

    @property
    def form(self) -> Form | None:
        """The curve that calibrates the score at each voxel, where there is one."""
        return cast("Form", self.calibration) if self.calibration in get_args(Form) else None

    @property
    def step(self) -> int:
        """Voxels from one drawing to the next: a patch is 15 wide, a slice network draws each voxel."""
        return 3 if self.unit == "patch" else 1

    @property
    def of_representation(self) -> dict[str, object]:
        """The options of the representation alone."""
        options: dict[str, dict[str, object]] = {
            "siamese": {
                "alpha": self.alpha,
                "metric": self.metric,
                "training": self.training,
                "layer_batches": max(1, self.steps // 8),
            },
            "variational": {"beta": self.beta},
            "wasserstein": {"weight": self.discrepancy},
            "fanogan": {"generator_batches": max(1, 2 * self.steps // 3)},
        }
        return options.get(self.representation, {})
