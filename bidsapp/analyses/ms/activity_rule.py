"""Which lesions would probably enhance, told from how they rose on FLAIR since the earlier session.

203 of 207 enhancing lesions were new or enlarged against an earlier scan, so the plainest sign of activity
without contrast agent is change. A lesion's brightness is taken above the tissue around it, in both
sessions; the two may have been scanned differently, so its rise stands against that of the patient's middle
lesion: most lesions are old. A logistic regression of a few such numbers says how probable activity is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import expit

from bidsapp.analyses.ms.instances import Labels, numbers_of, sizes_of

Array = NDArray[np.float32]
Features = NDArray[np.float64]

FEATURES = ("rise", "now", "before", "log_volume")
RING_MM = (2.0, 5.0)
"""The tissue around a lesion: at this distance from the next lesion."""
FAINT = 0.1
"""Least brightness above the surround (white matter = 1) that a rise is a share of."""
REACH = 2.0


@dataclass(frozen=True)
class ActivityRule:
    """A logistic regression over lesions.

    Attributes
    ----------
    weights
        One for each of `FEATURES`, of their plain values.
    intercept
        Added to the weighted sum.
    """

    weights: tuple[float, ...]
    intercept: float

    @classmethod
    def fit(cls, patients: Sequence[tuple[Features, NDArray[np.bool_]]]) -> ActivityRule:
        """Fit it on patients.

        Parameters
        ----------
        patients
            Of each the features of its lesions, shape ``(lesions, 4)``, and which of them are active.

        Raises
        ------
        ValueError
            No lesion is active, or all are.
        """
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        features = np.concatenate([item for item, _ in patients])
        active = np.concatenate([item for _, item in patients])
        scaler, model = StandardScaler(), LogisticRegression()
        make_pipeline(scaler, model).fit(features, active)
        weights = model.coef_[0] / scaler.scale_
        return cls(tuple(map(float, weights)), float(model.intercept_[0] - weights @ scaler.mean_))

    @classmethod
    def of(cls, told: object) -> ActivityRule:
        """Read what :meth:`plain` gave.

        Raises
        ------
        KeyError, TypeError, ValueError
            It is damaged.
        """
        if not isinstance(told, Mapping):
            raise TypeError("activity_rule must hold weights and intercept")
        weights = tuple(float(value) for value in told["weights"])
        if len(weights) != len(FEATURES):
            raise ValueError(f"activity_rule must hold {len(FEATURES)} weights")
        return cls(weights, float(told["intercept"]))

    def plain(self) -> dict[str, object]:
        """Give it as JSON holds it."""
        return {**asdict(self), "weights": list(self.weights), "features": list(FEATURES)}

    def probability(self, features: Features) -> NDArray[np.float64]:
        """Give the probability that each lesion is active, shape ``(lesions,)``."""
        return np.asarray(expit(features @ np.array(self.weights) + self.intercept), dtype=np.float64)

    def paint(self, labels: Labels, flair: Array, before: Array, brain: NDArray[np.bool_]) -> Array:
        """Give the probability of activity in each voxel: that of its lesion, 0 outside of lesions."""
        told = self.probability(measure_rise(labels, flair, before, brain))
        return np.asarray(np.append(0.0, told)[labels], dtype=np.float32)


def measure_rise(labels: Labels, flair: Array, before: Array, brain: NDArray[np.bool_]) -> Features:
    """Measure how lesions rose.

    Parameters
    ----------
    labels
        Lesions 1, 2, ..., shape ``(x, y, z)``, 1 mm.
    flair, before
        FLAIR of this and of the earlier session, aligned, white matter = 1, same shape.
    brain
        Brain mask, same shape.

    Returns
    -------
    NDArray
        By `FEATURES`, shape ``(lesions, 4)``: ``now`` and ``before`` are brightness above the tissue around,
        ``rise`` is their difference as a share of ``now``, less that of the patient's middle lesion.
    """
    numbers = numbers_of(labels)
    if numbers.size == 0:
        return np.zeros((0, len(FEATURES)))
    distance, nearest = ndimage.distance_transform_edt(labels == 0, return_indices=True)
    around = (distance > RING_MM[0]) & (distance <= RING_MM[1]) & brain
    owner = np.where(around, labels[tuple(nearest)], 0)

    def above(image: Array) -> Features:
        level = np.nan_to_num(np.asarray(ndimage.median(image, owner, numbers), dtype=np.float64), nan=1.0)
        return np.asarray(ndimage.mean(image, labels, numbers), dtype=np.float64) - level

    now, then = above(flair), above(before)
    rise = np.clip((now - then) / np.maximum(np.abs(now), FAINT), -REACH, REACH)
    return np.stack([rise - np.median(rise), now, then, np.log(sizes_of(labels))], axis=1)
