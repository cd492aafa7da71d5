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
from scipy.special import expit

from bidsapp.analyses.ms.instances import Labels, Mask, sizes_of
from bidsapp.analyses.ms.rise import measure_brightness, rise_of

Array = NDArray[np.float32]
Features = NDArray[np.float64]

FEATURES = ("rise", "now", "before", "log_volume")


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

    def paint(self, labels: Labels, flair: Array, before: Array, brain: Mask) -> Array:
        """Give the probability of activity in each voxel: that of its lesion, 0 outside of lesions."""
        told = self.probability(features_of(labels, flair, before, brain))
        return np.asarray(np.append(0.0, told)[labels], dtype=np.float32)


def features_of(labels: Labels, flair: Array, before: Array, brain: Mask) -> Features:
    """Measure lesions; the arguments are those of `bidsapp.analyses.ms.rise.measure_brightness`.

    Returns
    -------
    NDArray
        By `FEATURES`, shape ``(lesions, 4)``; ``rise`` is less that of the patient's middle lesion.
    """
    now, then = measure_brightness(labels, flair, before, brain)
    if now.size == 0:
        return np.zeros((0, len(FEATURES)))
    rise = rise_of(now, then)
    return np.stack([rise - np.median(rise), now, then, np.log(sizes_of(labels))], axis=1)
