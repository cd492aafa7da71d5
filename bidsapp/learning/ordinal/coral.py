"""CORAL: K - 1 questions "above level k?" that share one answer and differ in their thresholds."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import logsigmoid

from bidsapp.learning.ordinal.base import weighted_mean
from bidsapp.learning.ordinal.levels import distribution, exceedance, from_exceedance
from bidsapp.learning.ordinal.thresholds import ThresholdLoss


def coral_loss(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Give the binary cross-entropy of the K - 1 questions, mean over questions and patients.

    Cao, Mirjalili, Raschka 2020, Pattern Recognit Lett 140:325, doi:10.1016/j.patrec.2020.11.008, which adds
    the questions up; the mean does not grow with the number of levels.

    Parameters
    ----------
    logits
        Of "the score is above k", k from 0 to K - 2, shape ``(n, K - 1)``.
    target
        Levels, shape ``(n,)``, or distributions, shape ``(n, K)``: then the wanted answer is a probability.
    weight
        Of each patient, shape ``(n,)``.
    """
    above = exceedance(distribution(target, logits.shape[1] + 1, logits))
    each = -(above * logsigmoid(logits) + (1 - above) * logsigmoid(-logits))
    return weighted_mean(each.mean(1), weight)


class Coral(ThresholdLoss):
    """CORAL over one output, whose thresholds are ordered from the start.

    The paper proves order of the thresholds at the optimum only; here it holds always, so probabilities are
    never negative.
    """

    def logits(self, outputs: Tensor) -> Tensor:
        """Give the logits of the questions, shape ``(n, K - 1)``, falling along each row."""
        thresholds: Tensor = self.thresholds()
        return outputs - thresholds

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Give :func:`coral_loss`."""
        return coral_loss(self.logits(outputs), target, weight)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Give the differences of neighbouring answers."""
        return from_exceedance(self.logits(outputs).sigmoid())
