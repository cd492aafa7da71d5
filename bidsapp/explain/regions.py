"""Occlusion by region: how a prediction changes when a region shows what it should in place of what it does.

What it shows instead decides what the answer means. The mean of a cohort of patients asks what makes this
patient different from the others; what a healthy person of that age would show (the counterfactual healthy
replacement) asks what the injury cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Predict = Callable[[Array], Array]
"""From images or tables, shape ``(n, *shape)``, to numbers, shape ``(n,)``."""


def occlude_regions(
    predict: Predict, image: Array, labels: NDArray[np.integer], *, instead: Array, batch: int = 16
) -> dict[int, float]:
    """Replace one region at a time, and give the prediction less that of the changed image.

    Parameters
    ----------
    predict
        Any function of a stack of images.
    image
        One image ``(x, y, z)``, or one row of regional values ``(regions,)``, or with channels in front.
    labels
        Region of each place, 0 for none, of the shape of the image's last axes; for a table
        ``np.arange(1, regions + 1)``.
    instead
        What is shown in place of a region, of the shape of the image: the mean of the cohort, or what a
        healthy person would show.
    batch
        Images at a time; only memory and time depend on it.

    Returns
    -------
    dict
        Difference by label, positive where what the image shows raises the prediction. For a linear function
        it is the weight times the difference of image and replacement, summed over the region.

    Raises
    ------
    ValueError
        Shapes do not fit.
    """
    if instead.shape != image.shape or image.shape[image.ndim - labels.ndim :] != labels.shape:
        raise ValueError(
            f"Image {image.shape}, replacement {instead.shape} and labels {labels.shape} are not of one grid."
        )
    present = np.unique(labels[labels > 0])
    whole = float(predict(image[None])[0])
    changed = (np.where(labels == label, instead, image) for label in present)
    found = [predict(np.stack(group)) for group in _groups(changed, batch)]
    predicted = np.concatenate(found) if found else np.empty(0)
    return {int(label): whole - float(value) for label, value in zip(present, predicted, strict=True)}


@dataclass(frozen=True, eq=False)
class HealthyReference:
    """What healthy people show in each region, by age, sex or other covariates (ordinary least squares).

    Attributes
    ----------
    coefficients
        Shape (1 + covariates, regions); the first row is the intercept.
    spread
        Standard deviation of healthy people around it, shape (regions,).
    """

    coefficients: Array
    spread: Array

    @classmethod
    def fit(cls, values: Array, covariates: Array) -> Self:
        """Learn from healthy people.

        Parameters
        ----------
        values
            Shape (people, regions).
        covariates
            Shape (people, covariates); no column for the mean alone.

        Raises
        ------
        ValueError
            There are not more people than coefficients.
        """
        design = _design(covariates)
        free = len(values) - design.shape[1]
        if free < 1:
            raise ValueError(f"{len(values)} healthy people are too few for {design.shape[1]} coefficients.")
        coefficients = np.asarray(np.linalg.lstsq(design, values, rcond=None)[0], dtype=np.float64)
        residual = values - design @ coefficients
        spread = np.sqrt((residual**2).sum(axis=0) / free)
        return cls(coefficients, np.asarray(spread, dtype=np.float64))

    def expected(self, covariates: Array) -> Array:
        """Give what people with these covariates would show if they were healthy, shape (people, regions)."""
        return np.asarray(_design(covariates) @ self.coefficients, dtype=np.float64)

    def deviations(self, values: Array, covariates: Array) -> Array:
        """Give the distance from that in standard deviations; 0 where healthy people do not vary."""
        apart = values - self.expected(covariates)
        return np.divide(apart, self.spread, out=np.zeros_like(apart), where=self.spread > 0)


@dataclass(frozen=True, eq=False)
class Replacement:
    """What injury costs a patient, as a model has it.

    Attributes
    ----------
    regions
        Prediction less that with this region healthy, shape (regions,); negative where injury costs points.
    whole
        The same with all regions healthy at once; the regions add up to it only for a linear model.
    """

    regions: Array
    whole: float


def healthy_replacement(predict: Predict, values: Array, healthy: Array) -> Replacement:
    """Replace a patient's regions by what a healthy person would show, one at a time and all at once.

    Parameters
    ----------
    predict
        From tables, shape (n, regions), to scores.
    values, healthy
        Shape (regions,): the patient's, and those of :meth:`HealthyReference.expected`.
    """
    effects = occlude_regions(predict, values, np.arange(1, values.size + 1), instead=healthy)
    patient, well = predict(np.stack([values, healthy]))
    return Replacement(np.array(list(effects.values())), float(patient - well))


def _design(covariates: Array) -> Array:
    return np.column_stack([np.ones(len(covariates)), covariates])


def _groups(images: Iterator[Array], size: int) -> Iterator[list[Array]]:
    while group := list(islice(images, size)):
        yield group
