"""Nodes begin together at the same point of the same training, or not at all, and end it together."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch.callbacks import Callback

from bidsapp.errors import BadDataError


class Agreement(Callback):  # type: ignore[misc]
    """Refuse a training that is not the same on all nodes.

    A node that sees other images, another recipe, or not the checkpoint of the first one would teach the
    network something else, and wait for ever at the end.

    Parameters
    ----------
    training
        What is to be trained and from where on; must be the same text on all.
    """

    def __init__(self, training: str) -> None:
        self.training = training

    def setup(self, trainer: Any, module: Any, stage: str) -> None:
        """Compare what the processes are about to do.

        Raises
        ------
        BadDataError
            They differ.
        """
        said: list[str] = [""] * trainer.world_size
        torch.distributed.all_gather_object(said, self.training)
        if len(set(said)) > 1:
            raise BadDataError(
                f"The nodes are not at the same point of the same training ({'; '.join(sorted(set(said)))}); "
                "give all of them the same program, images, recipe and output folder."
            )

    def on_train_end(self, trainer: Any, module: Any) -> None:
        """Wait for the first process, which may still look at validation data.

        A node that went on to its next training at once would meet the processes of this one.
        """
        trainer.strategy.barrier()
