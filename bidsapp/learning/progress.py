"""How a training goes: mean losses and what is watched, in files and in the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import Callback
from torch import nn

_LOG = logging.getLogger(__name__)
LOG_STEPS = 20
SAY_STEPS = 200
Watch = Callable[[nn.Module], dict[str, float]]


class Progress(Callback):  # type: ignore[misc]
    """Write the mean loss to a file and the log, and now and then what is watched.

    Of several processes the first one does so, of its own batches.
    """

    def __init__(self, folder: Path, steps: int, watch_steps: int, watch: Watch | None) -> None:
        self.folder, self.steps, self.watch_steps, self.watch = folder, steps, watch_steps, watch
        self.losses: list[float] = []
        self.begun = (0, time.monotonic())

    def state_dict(self) -> dict[str, Any]:
        """Keep the losses since the last line: a restart goes on with them."""
        return {"losses": list(self.losses)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the losses of a checkpoint."""
        self.losses = [float(loss) for loss in state_dict["losses"]]

    def on_train_start(self, trainer: Any, module: Any) -> None:
        """Note when and where it starts, for the time that is left."""
        self.begun = (int(trainer.global_step), time.monotonic())

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, index: int) -> None:
        """Note the loss of a batch, and after the last batch of a step see whether a line is due."""
        if trainer.global_rank:
            return
        self.losses.append(float(outputs["loss"]) * trainer.accumulate_grad_batches)
        step = int(trainer.global_step)
        if (index + 1) % trainer.accumulate_grad_batches:
            return
        if step % LOG_STEPS == 0:
            mean = sum(self.losses) / len(self.losses)
            self._note("loss.tsv", f"{step}\t{mean:.6g}")
            self.losses.clear()
            if step % SAY_STEPS == 0 or step == self.steps:
                self._say(step, mean)
        if self.watch is not None and step % self.watch_steps == 0:
            values = self.watch(module.average.module)
            self._note("watch.tsv", f"{step}\t" + "\t".join(f"{k}={v:.4f}" for k, v in values.items()))

    def _say(self, step: int, loss: float) -> None:
        first, begun = self.begun
        left = (time.monotonic() - begun) / max(1, step - first) * (self.steps - step) / 60
        _LOG.info("step %d of %d: loss %.4g, about %.0f min left", step, self.steps, loss, left)

    def _note(self, name: str, line: str) -> None:
        with (self.folder / name).open("a", encoding="utf-8") as stream:
            stream.write(f"{time.strftime('%H:%M:%S')}\t{line}\n")


def learning_curve(folder: Path) -> list[tuple[int, float]]:
    """Give step and mean loss since the last one, from what :class:`Progress` wrote.

    A very short training has none.
    Steps that a killed run had done after its last checkpoint count once.
    """
    path = folder / "loss.tsv"
    if not path.exists():
        return []
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")  # a kill may cut the last line
    lines = (line.split("\t") for line in whole.splitlines())
    curve = {int(step): float(loss) for _, step, loss in lines}
    return sorted(curve.items())
