"""A sample of a latent space: the same places seen in many people, with what is known of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class LatentSample:
    """Latent vectors of co-located patches.

    Attributes
    ----------
    vectors
        Shape ``(places, subjects, d)``: vector ``[i, j]`` is of the patch at place i in subject j.
    places_mm
        Centres of the patches, mm RAS of the standard space, shape ``(places, 3)``.
    regions, tissues
        Name of the atlas' region, and ``GM``, ``WM`` or ``CSF``, of each place.
    subjects
        Names of the subjects.
    ages
        In years, shape ``(subjects,)``; ``nan`` where unknown.
    scores
        A score of each vector (reconstruction error, decision value), shape ``(places, subjects)``.
    mean, log_variance
        Of a variational encoder's normal distribution, shape ``(places, subjects, d)``; both or neither.

    Raises
    ------
    BadDataError
        Shapes do not agree, there are fewer than two places, subjects or dimensions, or a number is not
        finite (ages may be ``nan``).
    """

    vectors: Array
    places_mm: Array
    regions: tuple[str, ...]
    tissues: tuple[str, ...]
    subjects: tuple[str, ...]
    ages: Array
    scores: Array | None = None
    mean: Array | None = None
    log_variance: Array | None = None

    def __post_init__(self) -> None:
        if self.vectors.ndim != 3 or min(self.vectors.shape) < 2:
            raise BadDataError(
                "A latent sample needs two or more places, subjects and dimensions; "
                f"its vectors have shape {self.vectors.shape}."
            )
        if (self.mean is None) != (self.log_variance is None):
            raise BadDataError("A variational sample needs both the mean and the log-variance.")
        places, subjects, _ = self.vectors.shape
        wanted = {
            "places_mm": (places, 3),
            "regions": (places,),
            "tissues": (places,),
            "subjects": (subjects,),
            "ages": (subjects,),
            "scores": (places, subjects),
            "mean": self.vectors.shape,
            "log_variance": self.vectors.shape,
        }
        for name, shape in wanted.items():
            values = getattr(self, name)
            if values is not None and np.shape(values) != shape:
                raise BadDataError(f"Latent sample: {name} has shape {np.shape(values)}, not {shape}.")
        for name in ("vectors", "places_mm", "scores", "mean", "log_variance"):
            values = getattr(self, name)
            if values is not None and not np.isfinite(values).all():
                raise BadDataError(f"Latent sample: {name} holds a number that is not finite.")

    @property
    def flat(self) -> Array:
        """All vectors, shape ``(places * subjects, d)``: the subjects of the first place come first."""
        return self.vectors.reshape(-1, self.vectors.shape[2])

    def by_place(self, values: Sequence[str] | NDArray[np.generic]) -> NDArray[np.generic]:
        """Give each row of `flat` the value of its place; ``values`` has one for each place."""
        return np.repeat(np.asarray(values), len(self.subjects))

    def by_subject(self, values: Sequence[str] | NDArray[np.generic]) -> NDArray[np.generic]:
        """Give each row of `flat` the value of its subject; ``values`` has one for each subject."""
        return np.tile(np.asarray(values), len(self.regions))
