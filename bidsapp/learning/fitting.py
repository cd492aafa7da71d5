"""A Lightning training loop that can be killed at any moment and goes on from its last checkpoint."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import ProcessException
from torch.optim.swa_utils import AveragedModel

import bidsapp
from bidsapp.learning.agreement import Agreement
from bidsapp.learning.nodes import ALONE, Node
from bidsapp.learning.precision import Precision
from bidsapp.learning.process_errors import foreseen
from bidsapp.learning.progress import Progress, Watch
from bidsapp.learning.trainer import make_trainer
from bidsapp.processes import end_with_parent


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast to learn.

    Attributes
    ----------
    steps
        Optimiser steps in all.
    learning_rate
        Peak of AdamW's learning rate, reached after ``warmup`` steps.
    final_rate
        Learning rate at the last step as a share of the peak (cosine in between); 1 keeps it constant.
    average
        Decay of the running average of the weights, which is what is used in the end.
    checkpoint_steps
        Steps between two checkpoints.
    watch_steps
        Steps between two looks at the validation data.
    """

    steps: int
    learning_rate: float
    warmup: int = 50
    final_rate: float = 1.0
    average: float = 0.99
    checkpoint_steps: int = 100
    watch_steps: int = 200

    def factor(self, step: int) -> float:
        """Give the learning rate at a step as a share of the peak."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        done = min(1.0, (step - self.warmup) / max(1, self.steps - self.warmup))
        return self.final_rate + (1 - self.final_rate) * 0.5 * (1 + math.cos(math.pi * done))


class Fitting(lightning.LightningModule):  # type: ignore[misc]
    """A network, its loss on one batch, and the running average of its weights."""

    def __init__(
        self, network: nn.Module, loss: Callable[[nn.Module, Any], Tensor], schedule: Schedule, seed: int = 0
    ) -> None:
        super().__init__()
        self.network = network
        self.average = AveragedModel(network, avg_fn=partial(_running_mean, decay=schedule.average))
        self.average.requires_grad_(False)
        self.loss = loss
        self.schedule = schedule
        self.seed = seed

    def setup(self, stage: str) -> None:
        """Let no process go on without the one that started it."""
        end_with_parent()

    def training_step(self, batch: Any, index: int) -> Tensor:
        """Compute the loss of one batch; its random numbers depend on seed, step and process alone."""
        if index % self.trainer.accumulate_grad_batches == 0:
            process = [self.global_rank] if self.global_rank else []
            own = np.random.SeedSequence([self.seed, self.global_step, *process]).generate_state(1)[0]
            torch.manual_seed(int(own))
        return self.loss(self.network, batch)

    def optimizer_step(self, *arguments: Any, **named: Any) -> None:
        """Follow the weights after each step, before a checkpoint is written."""
        super().optimizer_step(*arguments, **named)
        self.average.update_parameters(self.network)

    def configure_optimizers(self) -> dict[str, Any]:
        """AdamW with warm-up and cosine decay."""
        optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=self.schedule.learning_rate, weight_decay=1e-4
        )
        rate = torch.optim.lr_scheduler.LambdaLR(optimizer, self.schedule.factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": rate, "interval": "step"}}


def fit(
    network: nn.Module,
    loss: Callable[[nn.Module, Any], Tensor],
    batches: Callable[[int], Any],
    schedule: Schedule,
    folder: Path,
    *,
    device: str = "cpu",
    seed: int = 0,
    accumulate: int = 1,
    devices: int = 1,
    node: Node = ALONE,
    precision: Precision = "bf16-mixed",
    watch: Watch | None = None,
) -> nn.Module:
    """Train a network; go on from ``folder/last.ckpt`` if it is there.

    Parameters
    ----------
    network
        Changed in place.
    loss
        Scalar loss of the network on a batch.
    batches
        Gives a loader whose first batch is that of the step asked for. It must be a stream without a length:
        Lightning counts batches of an epoch across restarts.
    schedule
        Length, learning rate, checkpoints.
    folder
        Checkpoints, ``loss.tsv`` and ``watch.tsv``.
    device
        ``cpu`` or ``cuda:N``.
    seed
        Of the random numbers of the loss; the first weights and the batches are the caller's.
    accumulate
        Batches in each optimiser step.
    devices
        How many GPUs of each node (for ``cpu``: processes) share the batches of a step, whose gradient is
        that of one device but for rounding. Each takes its own batches from the stream, see
        :func:`bidsapp.learning.turns.turn_of_process`. For more than one, ``loss``, ``watch`` and the loader
        must be what pickle can send to another process.
    node
        This node, among those that train together, each of which calls this with the same arguments. The
        first one alone writes; all are given the network, and all need ``folder`` to go on.
    precision
        Of the forward pass; on a GPU without bfloat16 ``bf16-mixed`` is float16 with a scaled loss.
    watch
        Figures of the averaged network, written every ``schedule.watch_steps`` steps; they decide nothing.

    Returns
    -------
    Module
        A network with the averaged weights.

    Raises
    ------
    BadDataError
        ``accumulate`` is no multiple of the devices of all nodes, or nodes were given different trainings.
    TryAgainError
        A node was lost, or has kept the others waiting for too long.
    UnavailableError
        The GPU lacks memory, or there are fewer GPUs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    last = folder / "last.ckpt"
    found = torch.load(last, map_location="cpu", weights_only=True) if last.exists() else None
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # its own talk: advertisements
    fitting = Fitting(network, loss, schedule, seed)
    if found is not None and found["global_step"] >= schedule.steps:
        fitting.load_state_dict(found["state_dict"])
    else:
        start = int(found["global_step"]) if found is not None else 0
        progress = Progress(folder, schedule.steps, schedule.watch_steps, watch)
        training = f"bidsapp {bidsapp.__version__}, {folder.name}, from step {start}"
        trainer = make_trainer(
            folder,
            [progress, Agreement(training)] if node.count > 1 else [progress],
            steps=schedule.steps,
            checkpoint_steps=schedule.checkpoint_steps,
            device=device,
            devices=devices,
            node=node,
            accumulate=accumulate,
            precision=precision,
        )
        _run(trainer, fitting, batches(start), None if found is None else last, node)
    averaged: nn.Module = fitting.average.module
    return averaged


def _run(
    trainer: lightning.Trainer, fitting: Fitting, batches: Any, checkpoint: Path | None, node: Node
) -> None:
    try:
        trainer.fit(fitting, batches, ckpt_path=checkpoint, weights_only=True)
    except (RuntimeError, ProcessException) as error:
        told = foreseen(error, node)
        if told is None:
            raise
        raise told from error


def _running_mean(so_far: Tensor, now: Tensor, steps: Any, decay: float) -> Tensor:
    """Average over the last 1 / (1 - decay) steps, over fewer at the start: the first weights are random."""
    kept = min(decay, (1 + float(steps)) / (10 + float(steps)))
    return so_far + (now - so_far) * (1 - kept)
