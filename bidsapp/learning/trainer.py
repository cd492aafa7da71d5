"""Lightning's trainer as the house uses it: one process, or several that share each step, on any machines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.strategies import DDPStrategy

from bidsapp.errors import BadDataError, UnavailableError
from bidsapp.learning.nodes import Node, NodeEnvironment
from bidsapp.learning.precision import Precision, trainer_precision


def make_trainer(
    folder: Path,
    callbacks: Sequence[Callback],
    *,
    steps: int,
    checkpoint_steps: int,
    device: str,
    devices: int,
    node: Node,
    accumulate: int,
    precision: Precision,
) -> Any:
    """Make a trainer that keeps its last checkpoint in ``folder``.

    It asks no cluster how many processes there are, nor has itself requeued: Lightning would take up the
    checkpoint of a requeued job in every training that follows. A job that runs again goes on from
    ``last.ckpt``. Nor would Lightning start the processes of a node there: it wants one task for each.

    Parameters
    ----------
    folder
        For checkpoints.
    callbacks
        Beside the checkpoints.
    steps, checkpoint_steps
        Optimiser steps in all, and between two checkpoints.
    device
        ``cpu`` or ``cuda:N``.
    devices
        How many GPUs (for ``cpu``: processes) of each node share the batches of a step.
    node
        This node, among those that train together.
    accumulate
        Batches in each optimiser step, over all devices.
    precision
        Of the forward pass; see :func:`bidsapp.learning.precision.trainer_precision`.

    Raises
    ------
    BadDataError
        The batches of a step cannot be shared out evenly.
    UnavailableError
        There are fewer GPUs.
    """
    return lightning.Trainer(
        default_root_dir=folder,
        accelerator="cpu" if device == "cpu" else "gpu",
        devices=_places(device, devices),
        num_nodes=node.count,
        strategy=_strategy(devices, node),
        plugins=[NodeEnvironment(node)],
        accumulate_grad_batches=_share(accumulate, devices, node.count),
        precision=trainer_precision(precision, device),
        max_steps=steps,
        gradient_clip_val=1.0,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[
            *callbacks,
            ModelCheckpoint(folder, save_last=True, save_top_k=0, every_n_train_steps=checkpoint_steps),
        ],
    )


def _strategy(devices: int, node: Node) -> DDPStrategy | str:
    """Choose how processes work together; only other machines can be lost without this one noticing."""
    if node.count > 1:
        return DDPStrategy(start_method="spawn", timeout=node.patience)
    return "ddp_spawn" if devices > 1 else "auto"


def _share(examples: int, devices: int, nodes: int) -> int:
    """Give how many examples of a step each device takes."""
    if examples % (devices * nodes):
        where = f" on each of {nodes} nodes" if nodes > 1 else ""
        raise BadDataError(
            f"The recipe's {examples} examples of a step cannot be shared evenly by {devices} devices{where}."
        )
    return examples // (devices * nodes)


def _places(device: str, devices: int) -> int | list[int]:
    """Give what Lightning calls ``devices``: how many processes on the CPU, or which GPUs."""
    if device == "cpu":
        return devices
    if devices == 1:
        return [int(device.partition(":")[2] or 0)]
    there = torch.cuda.device_count()
    if devices > there:
        raise UnavailableError(
            f"The recipe asks for {devices} GPUs, but {there} can be seen; use --device cuda or lower it."
        )
    return list(range(devices))
