"""The head itself: fit and predict on arrays, and all that was learned as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from bidsapp.learning.ordinal.huber import Huber
from bidsapp.learning.tabular.choice import choose
from bidsapp.learning.tabular.sample import Array, Standard, make_sample
from bidsapp.learning.tabular.settings import HeadSettings
from bidsapp.learning.tabular.training import Fit, train


class OrdinalHead:
    """Predicts a score with levels from features; everything is learned in :meth:`fit`.

    Same data and seed give the same bytes on one kind of CPU.

    Parameters
    ----------
    settings
        How to train.

    Attributes
    ----------
    penalty, epochs
        Chosen in :meth:`fit`; 0 before.
    """

    def __init__(self, settings: HeadSettings) -> None:
        self.settings = settings
        self.penalty, self.epochs = 0.0, 0
        self._standard = Standard(np.zeros(1), np.ones(1))
        self._fit = Fit.new(settings, 1)

    def fit(
        self,
        features: Array,
        target: Array,
        *,
        standard_error: float | Array | None = None,
        weight: Array | None = None,
        difficulty: Array | None = None,
    ) -> Self:
        """Learn from patients.

        Parameters
        ----------
        features
            Finite, shape ``(n, d)``, any units.
        target
            Scores, 0 to K - 1, shape ``(n,)``; whole numbers unless a standard error is given.
        standard_error
            Of the label, points, for all or of each; ``None`` takes labels as exact.
        weight
            Of each patient, on top of the balance.
        difficulty
            Of each patient, for the curriculum ``easiest``; all alike where not given.

        Raises
        ------
        BadDataError
            There are fewer patients than inner folds, features have gaps, or a score is off the scale.
        """
        settings = self.settings
        sample = make_sample(
            features, target, settings.levels, standard_error=standard_error, weight=weight,
            difficulty=difficulty, balance=settings.balance,
        )  # fmt: skip
        choice = choose(sample, settings)
        self.penalty, self.epochs = choice.penalty, choice.epochs
        self._standard = Standard.of(features, scale=settings.standardise)
        self._fit = Fit.new(settings, features.shape[1])
        run = train(self._fit, sample.standardised(self._standard), settings, choice.penalty)
        list(islice(run, choice.epochs))
        if isinstance(self._fit.loss, Huber):
            self._fit.loss.spread.fill_(choice.error)
        return self

    def predict(self, features: Array) -> Array:
        """Give the expected score, shape ``(n,)``."""
        return self._fit.expected(self._standard(features))

    @torch.no_grad()
    def probabilities(self, features: Array) -> Array:
        """Give the probability of each level, shape ``(n, K)``."""
        outputs = self._fit.network(self._standard(features))
        return np.asarray(self._fit.loss.probabilities(outputs).numpy(), dtype=np.float64)

    def arrays(self) -> Mapping[str, NDArray[np.generic]]:
        """Give all that was learned."""
        learned = {"mean": self._standard.mean, "scale": self._standard.scale}
        for prefix, module in (("network.", self._fit.network), ("loss.", self._fit.loss)):
            learned |= {prefix + key: value.numpy().copy() for key, value in module.state_dict().items()}
        return learned

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """Take what :meth:`arrays` of a head with the same settings gave."""
        mean, scale = (np.asarray(arrays[name], dtype=np.float64) for name in ("mean", "scale"))
        self._standard, self._fit = Standard(mean, scale), Fit.new(self.settings, mean.size)
        for prefix, module in (("network.", self._fit.network), ("loss.", self._fit.loss)):
            own = {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
            module.load_state_dict({key: torch.tensor(value) for key, value in own.items()})
        return self
