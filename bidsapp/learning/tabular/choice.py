"""Penalty and number of epochs, chosen together on inner folds that were left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from bidsapp.errors import BadDataError
from bidsapp.learning.tabular.sample import Array, Sample, Standard
from bidsapp.learning.tabular.settings import HeadSettings
from bidsapp.learning.tabular.training import Fit, train


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes
    ----------
    penalty, epochs
        With the least mean absolute error.
    error
        Root mean square of the error of the patients left out, points.
    """

    penalty: float
    epochs: int
    error: float


def choose(sample: Sample, settings: HeadSettings) -> Choice:
    """Choose by the mean absolute error of the inner folds, whatever the loss.

    Losses of unlike scale are so stopped by one measure. Where several choices are as good, the strongest
    penalty and the fewest epochs win.

    Raises
    ------
    BadDataError
        There are fewer patients than folds.
    """
    if len(sample.score) < settings.folds:
        raise BadDataError(f"{len(sample.score)} patients are fewer than the {settings.folds} inner folds.")
    difference = _left_out(sample, settings) - sample.score.numpy()
    error = np.abs(difference).mean(-1)
    penalty, epoch = (int(place) for place in np.unravel_index(error.argmin(), error.shape))
    spread = float(np.sqrt(np.square(difference[penalty, epoch]).mean()))
    return Choice(settings.penalties[penalty], epoch + 1, spread)


def _left_out(sample: Sample, settings: HeadSettings) -> Array:
    """Give the score of each patient by the folds that left it out, shape ``(penalties, epochs, n)``."""
    from sklearn.model_selection import KFold

    said = np.empty((len(settings.penalties), settings.epochs, len(sample.score)))
    folds = KFold(settings.folds, shuffle=True, random_state=settings.seed)
    for rows, others in folds.split(sample.features):
        known = sample.features[torch.from_numpy(rows)].numpy()
        standard = Standard.of(known, scale=settings.standardise)
        training = sample.only(rows).standardised(standard)
        unseen = sample.only(others).standardised(standard).features
        for place, penalty in enumerate(settings.penalties):
            fit = Fit.new(settings, unseen.shape[1])
            for epoch in train(fit, training, settings, penalty):
                said[place, epoch, others] = fit.expected(unseen)
    return said
