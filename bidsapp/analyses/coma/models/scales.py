"""Volumes, signals and covariates on scales that suit a network; all learned from training patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.features.clinical import Clinical
from bidsapp.analyses.coma.features.protocol import Arrays, below, pack_names, prefixed, unpack_names
from bidsapp.analyses.coma.patient import Patient, Series
from bidsapp.errors import BadDataError

Image = NDArray[np.float32]
RELATIVE = frozenset({"bold"})
"""Signals of a unit without meaning: each region is brought to mean 0 and standard deviation 1 by itself."""
_FARTHEST = 6.0  # standard deviations; beyond lie vessels and artefacts
_SMALLEST = 1e-6


def check_shape(image: Image, shape: tuple[int, ...]) -> None:
    """Refuse an image of another shape than those of the training patients."""
    if image.shape != shape:
        raise BadDataError(
            f"A volume has shape {image.shape} where the training patients' have {shape}; "
            "preprocess the patient again."
        )


@dataclass(frozen=True, eq=False)
class VolumeScale:
    """How far each voxel is from the mean image of the training patients.

    What all heads share tells nothing of a patient, and with few patients a network would have to learn to
    take it away.

    Attributes
    ----------
    mean
        Mean image in units of ``spread``, shape ``(x, y, z)``; half precision, as bundles keep one for each
        modality and fold.
    spread
        Standard deviation of training patients about the mean image.
    """

    mean: NDArray[np.float16]
    spread: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Grid of the training patients."""
        return self.mean.shape

    @classmethod
    def of(cls, images: Sequence[Image]) -> Self:
        """Learn from images of one grid, 0 outside the brain."""
        stack = np.stack(images)
        inside = stack != 0
        mean = stack.sum(axis=0, dtype=np.float64) / np.maximum(inside.sum(axis=0), 1)
        away = (stack - mean)[inside]
        spread = float(np.sqrt(np.mean(away**2))) if away.size else 0.0
        if spread <= _SMALLEST * max(float(np.abs(mean).max()), _SMALLEST):
            spread = 1.0
        return cls((mean / spread).astype(np.float16), spread)

    def __call__(self, image: Image) -> Image:
        """Give standard deviations from the mean image, at most 6; 0 outside the brain.

        Raises
        ------
        BadDataError
            The image is of another shape than those of the training patients.
        """
        check_shape(image, self.shape)
        away = np.clip(image / self.spread - self.mean.astype(np.float32), -_FARTHEST, _FARTHEST)
        return np.asarray(np.where(image != 0, away, 0), dtype=np.float32)

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        return {"mean": self.mean, "spread": np.array([self.spread])}

    @classmethod
    def restore(cls, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        return cls(arrays["mean"].astype(np.float16), float(arrays["spread"][0]))


@dataclass(frozen=True, eq=False)
class SeriesScale:
    """Mean and standard deviation of the signal of each region over all frames of the training patients.

    A region that lies outside a patient's image has no signal (NaN): it is left out of both, and is 0 on the
    scale, as a region that never departs from its mean.

    Attributes
    ----------
    regions
        Name of each.
    mean, spread
        Shape ``(regions,)``.
    relative
        Whether each patient's own mean and standard deviation are taken instead.
    """

    regions: tuple[str, ...]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    relative: bool

    @classmethod
    def of(cls, series: Sequence[Series], *, relative: bool) -> Self:
        """Learn from the signals of training patients."""
        return cls(series[0].regions, *_moments(np.concatenate([own.values for own in series])), relative)

    def __call__(self, series: Series) -> NDArray[np.float32]:
        """Give standardised signals, shape ``(frames, regions)``; 0 where a region has none.

        Raises
        ------
        BadDataError
            They are of other regions.
        """
        if series.regions != self.regions:
            raise BadDataError(
                "Signals are of other regions than those of the training patients; extract them by one atlas."
            )
        mean, spread = _moments(series.values) if self.relative else (self.mean, self.spread)
        scaled = (series.values - mean) / spread
        return np.where(np.isnan(scaled), 0, scaled).astype(np.float32)

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        flag = np.array([self.relative], dtype=np.uint8)
        moments = {"mean": self.mean, "spread": self.spread}
        return {"regions": pack_names(self.regions), **moments, "relative": flag}

    @classmethod
    def restore(cls, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        mean, spread = (arrays[name].astype(np.float64) for name in ("mean", "spread"))
        return cls(unpack_names(arrays["regions"]), mean, spread, bool(arrays["relative"][0]))


@dataclass(frozen=True, eq=False)
class ClinicalScale:
    """Columns of covariates, standardised; see :class:`~bidsapp.analyses.coma.features.clinical.Clinical`.

    Attributes
    ----------
    features
        Names the columns.
    mean, spread
        Over training patients who have the covariate, shape ``(columns,)``.
    """

    features: Clinical
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def of(cls, patients: Sequence[Patient]) -> Self:
        """Learn from training patients."""
        features = Clinical().fit(patients)
        return cls(features, *_moments(features.values(patients)))

    def __call__(self, patients: Sequence[Patient]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Give columns, 0 where unknown, and which are known, both of shape ``(patients, columns)``."""
        values = self.features.values(patients)
        known = ~np.isnan(values)
        scaled = (values - self.mean) / self.spread
        return np.where(known, scaled, 0).astype(np.float32), known

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        own: Arrays = {"mean": self.mean, "spread": self.spread}
        return {**own, **prefixed("features", self.features.arrays())}

    @classmethod
    def restore(cls, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        mean, spread = (arrays[name].astype(np.float64) for name in ("mean", "spread"))
        return cls(Clinical().restore(below("features", arrays)), mean, spread)


def _moments(values: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give mean and standard deviation along the first axis without gaps; 0 and 1 where nothing is known."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.asarray(values.sum(axis=0, dtype=np.float64, where=known) / count)
    spread = np.sqrt(np.sum((values - mean) ** 2, axis=0, where=known) / count)
    return mean, np.where(spread > _SMALLEST * np.maximum(np.abs(mean), _SMALLEST), spread, 1.0)
