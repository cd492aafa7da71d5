"""One training of a small head: quasi-Newton steps on all patients at once.

With a few hundred rows a full gradient costs less than a millisecond, and L-BFGS needs no learning rate,
which losses of unlike scale would each want tuned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from bidsapp.learning.ordinal.base import OrdinalLoss
from bidsapp.learning.ordinal.registry import ordinal_loss
from bidsapp.learning.tabular.sample import Array, Sample
from bidsapp.learning.tabular.settings import HeadSettings

MEMORY = 10  # pairs of steps and gradients that L-BFGS keeps


@dataclass(frozen=True, eq=False)
class Fit:
    """A network and the loss that reads its outputs, both of ``float64``."""

    network: nn.Sequential
    loss: OrdinalLoss

    @classmethod
    def new(cls, settings: HeadSettings, features: int) -> Self:
        """Make an untrained one for a number of features."""
        loss = ordinal_loss(settings.loss, settings.levels).double()
        return cls(new_network(features, settings.hidden, loss.outputs, settings.seed), loss)

    @property
    def layers(self) -> list[nn.Linear]:
        """The linear layers, first to last."""
        return [layer for layer in self.network if isinstance(layer, nn.Linear)]

    @torch.no_grad()
    def expected(self, features: Tensor) -> Array:
        """Give the expected score of standardised features."""
        return self.loss.expected(self.network(features)).numpy()


def new_network(features: int, hidden: int, outputs: int, seed: int) -> nn.Sequential:
    """Give a linear layer that starts at zero or, with hidden units, a small network with tangents."""
    last = nn.Linear(hidden or features, outputs, dtype=torch.float64)
    nn.init.zeros_(last.weight)
    if not hidden:
        return nn.Sequential(last)
    first = nn.Linear(features, hidden, dtype=torch.float64)
    draw = torch.Generator().manual_seed(seed)
    nn.init.normal_(first.weight, std=features**-0.5, generator=draw)
    nn.init.normal_(last.weight, std=0.1 * hidden**-0.5, generator=draw)
    nn.init.zeros_(first.bias)
    return nn.Sequential(first, nn.Tanh(), last)


def train(fit: Fit, sample: Sample, settings: HeadSettings, penalty: float) -> Iterator[int]:
    """Train in place, and give the epoch after each, so that the caller can look and stop.

    Parameters
    ----------
    fit
        Untrained; thresholds of the loss are trained with the network.
    sample
        Whom to train on, standardised.
    settings
        Gives curriculum, epochs and steps.
    penalty
        Half of it times the squared weights (no biases, no thresholds) is added to the loss.
    """
    with torch.no_grad():
        fit.layers[-1].bias.copy_(fit.loss.start(sample.target))
    before = np.full(len(sample.score), np.nan)
    for epoch in range(settings.epochs):
        error = np.abs(fit.expected(sample.features) - sample.score.numpy())
        paced = settings.curriculum.weights(
            epoch, settings.epochs, difficulty=sample.difficulty.numpy(), error=error
        )
        if not np.array_equal(paced, before):  # another objective: what was learned of the old one is void
            search = _search(fit, settings.steps)
        before = paced
        _descend(fit, sample, sample.weight * torch.from_numpy(paced), penalty, search)
        yield epoch


def _search(fit: Fit, steps: int) -> torch.optim.LBFGS:
    parameters = [*fit.network.parameters(), *fit.loss.parameters()]
    return torch.optim.LBFGS(
        parameters, max_iter=steps, history_size=MEMORY, tolerance_change=1e-7, line_search_fn="strong_wolfe"
    )


def _descend(fit: Fit, sample: Sample, weight: Tensor, penalty: float, search: torch.optim.LBFGS) -> None:
    matrices = [layer.weight for layer in fit.layers]

    def objective() -> Tensor:
        search.zero_grad()
        total = fit.loss.loss(fit.network(sample.features), sample.target, weight)
        for matrix in matrices:
            total = total + 0.5 * penalty * matrix.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    search.step(objective)  # type: ignore[no-untyped-call]
