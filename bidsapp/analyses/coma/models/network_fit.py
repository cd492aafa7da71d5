"""Training of a network on few patients: few epochs, small steps, the same bits each time on a CPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bidsapp.analyses.coma.features.protocol import Arrays, below, prefixed
from bidsapp.analyses.coma.models.encoded import Encoding, rows_of
from bidsapp.analyses.coma.models.ordinal import difficulty
from bidsapp.analyses.coma.models.settings import Learning, Levels
from bidsapp.analyses.coma.models.sparse_scale import is_sparse
from bidsapp.analyses.coma.models.targets import Target
from bidsapp.analyses.coma.patient import Patient
from bidsapp.learning.curriculum import Curriculum
from bidsapp.learning.ordinal.balance import balance_weights
from bidsapp.learning.ordinal.base import OrdinalLoss
from bidsapp.learning.ordinal.registry import ordinal_loss
from bidsapp.learning.ordinal.soft_labels import soft_labels
from bidsapp.networks.fusion import AttentiveHead, FusionNetwork, fusion_network
from bidsapp.networks.modalities import FusionInputs

WIDTH = 16
BATCH = 16
RATE = 3e-3
DECAY = 1e-2
SEED = 0


@dataclass(frozen=True, eq=False)
class Fitted:
    """A network, the loss that reads its outputs, and the scales of its inputs."""

    encoding: Encoding
    network: FusionNetwork
    loss: OrdinalLoss
    levels: Levels

    @classmethod
    def new(cls, encoding: Encoding, learning: Learning, levels: Levels) -> Self:
        """Make an untrained one; always the same."""
        loss = ordinal_loss(levels.loss, levels.count)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            network = fusion_network(
                tuple(encoding.volumes),
                {key: len(scale.regions) for key, scale in encoding.series.items()},
                len(encoding.clinical.mean),
                loss.outputs,
                learning.fusion,
                sparse=[key for key in encoding.volumes if is_sparse(key)],
                width=WIDTH,
                modality_dropout=learning.modality_dropout,
            )
        return cls(encoding, network, loss, levels)

    def predict(self, patients: Sequence[Patient]) -> Target:
        """Give expected scores, shape (patients,), one patient at a time: no one's depends on another's."""
        scores = [float(self._expected(self.encoding([patient]))[0]) for patient in patients]
        return np.array(scores, dtype=np.float64) + self.levels.lowest

    @torch.no_grad()
    def weights(self, patients: Sequence[Patient]) -> NDArray[np.float64]:
        """Give the weight of each code of the network, shape (patients, codes)."""
        self.network.eval()
        found = [self.network(self.encoding([patient])).weights[0].double().numpy() for patient in patients]
        return np.stack(found)

    def train(self, patients: Sequence[Patient], target: Target, learning: Learning) -> Self:
        """Train in place on patients and their scores; the base rate comes first."""
        score = torch.tensor(target - self.levels.lowest, dtype=torch.float32)
        label = score
        if self.levels.error is not None:
            label = soft_labels(score, self.levels.count, self.levels.error)
        weight = balance_weights(learning.balance, label, self.levels.count)
        inputs = self.encoding(patients)
        with torch.no_grad():
            bias = "last.bias" if isinstance(self.network.head, AttentiveHead) else "bias"
            self.network.head.get_parameter(bias).copy_(self.loss.start(label))
        hard = difficulty(patients)

        def paced(epoch: int) -> Tensor:
            error = hard  # none is asked for but by the self-paced curriculum
            if learning.curriculum == "self-paced":
                error = np.abs((self._expected(inputs) - score).double().numpy())
            own = Curriculum(kind=learning.curriculum).weights(
                epoch, learning.epochs, difficulty=hard, error=error
            )
            return weight * torch.from_numpy(own).float()

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            _descend(self, inputs, label, paced, learning.epochs)
        self.network.eval()
        return self

    @torch.no_grad()
    def _expected(self, inputs: FusionInputs) -> Tensor:
        self.network.eval()
        return self.loss.expected(self.network(inputs).outputs)

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        return {
            **prefixed("encoding", self.encoding.arrays()),
            **prefixed("network", _arrays_of(self.network)),
            **prefixed("loss", _arrays_of(self.loss)),
        }

    @classmethod
    def restore(cls, arrays: Arrays, learning: Learning, levels: Levels) -> Self:
        """Take what :meth:`arrays` gave."""
        encoding = Encoding.restore(below("encoding", arrays), learning.coarsen)
        fitted = cls.new(encoding, learning, levels)
        for name, module in (("network", fitted.network), ("loss", fitted.loss)):
            module.load_state_dict({k: torch.tensor(v) for k, v in below(name, arrays).items()})
            module.eval()
        return fitted


def _arrays_of(module: nn.Module) -> dict[str, NDArray[np.generic]]:
    return {key: value.numpy().copy() for key, value in module.state_dict().items()}


def _descend(
    fitted: Fitted, inputs: FusionInputs, label: Tensor, paced: Callable[[int], Tensor], epochs: int
) -> None:
    """Take steps of AdamW on shuffled batches, the rate falling along a cosine to 0."""
    parameters = [*fitted.network.parameters(), *fitted.loss.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY)
    for epoch in range(epochs):
        weight = paced(epoch)
        fitted.network.train()
        for group in optimiser.param_groups:
            group["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
        order = torch.randperm(len(label))
        for rows in (order[first : first + BATCH] for first in range(0, len(order), BATCH)):
            optimiser.zero_grad()
            outputs = fitted.network(rows_of(inputs, rows)).outputs
            loss = fitted.loss.loss(outputs, label[rows], weight[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
