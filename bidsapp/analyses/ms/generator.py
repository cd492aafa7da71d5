"""The generator of lesions for one training: it learns what each lesion of the training patients adds."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from bidsapp.errors import BadDataError
from bidsapp.files import digest_json
from bidsapp.learning.fitting import Schedule, fit
from bidsapp.learning.lesion_generation import adversarial_loss, variational_loss
from bidsapp.networks.lesion_generators import LesionGAN, LesionPatch, LesionVAE, ResidualSource
from bidsapp.simulate.fields import Array
from bidsapp.simulate.sclerosis.patient import MarkedPatient
from bidsapp.simulate.sclerosis.residuals import MARGIN, cut_residuals

if TYPE_CHECKING:
    from bidsapp.analyses.ms.options import Options

Mask = NDArray[np.bool_]
Pair = tuple[Tensor, Tensor]

_LOG = logging.getLogger(__name__)
SIDE = 24
BATCH = 8
LEARNING_RATE = 1e-3
NOISE = 0.5
"""Grain that differs between a lesioned and a healed image, in units of the network's channels."""


@dataclass(frozen=True, eq=False)
class Lessons:
    """Residuals ``(lesions, contrasts, side, side, side)`` of lesions, and their masks without contrasts."""

    contrasts: tuple[str, ...]
    residuals: Array
    masks: Mask

    @property
    def shapes(self) -> tuple[Mask, ...]:
        """The smallest box of each mask."""
        return tuple(mask[ndimage.find_objects(mask.astype(np.uint8))[0]] for mask in self.masks)


def gather(pairs: Iterable[tuple[MarkedPatient, MarkedPatient]], *, side: int = SIDE) -> Lessons:
    """Cut the residuals of patients, each given with the healthy counterpart; all with the same contrasts.

    Raises
    ------
    BadDataError
        No lesion fits into the box.
    """
    residuals, masks = [], []
    contrasts: tuple[str, ...] = ()
    for sick, healed in pairs:
        each, lesions = cut_residuals(sick, healed, side=side)
        residuals.append(each)
        masks.append(lesions)
        contrasts = tuple(sick.images)
    if not sum(map(len, masks)):
        raise BadDataError(
            f"No lesion of the patients is between 3 mm3 and {side - 2 * MARGIN} mm wide: a generator has "
            "nothing to learn from; set generated_share = 0 in the recipe."
        )
    return Lessons(contrasts, np.concatenate(residuals), np.concatenate(masks))


def fit_generator(
    lessons: Lessons, options: Options, folder: Path, *, seed: int, device: str
) -> ResidualSource:
    """Train the generator that the recipe names; goes on where a killed training stopped.

    The folder of the checkpoints is named after the lesions, so that no fold takes up another one's.
    """
    torch.manual_seed(seed)
    patch = LesionPatch(contrasts=len(lessons.contrasts), side=lessons.masks.shape[-1])
    network: nn.Module = LesionVAE(patch) if options.generator == "vae" else LesionGAN(patch)
    learned_from = hashlib.sha256(lessons.residuals.tobytes()).hexdigest()
    steps = options.generator_steps
    name = digest_json([options.generator, steps, seed, list(lessons.contrasts), learned_from])[:16]
    _LOG.info("%s: %d lesions teach the generator (%s)", name, len(lessons.masks), options.generator)
    trained = fit(
        network,
        variational if options.generator == "vae" else adversarial,
        lambda step: DataLoader(Draws(lessons, steps, seed, step), batch_size=None),
        Schedule(steps=steps, learning_rate=LEARNING_RATE, checkpoint_steps=options.checkpoint_steps),
        folder / f"generator-{name}",
        device=device,
        seed=seed,
        precision="32-true",
    )
    assert isinstance(trained, LesionVAE | LesionGAN)
    return ResidualSource(trained.decoder.eval(), lessons.contrasts)


def variational(network: nn.Module, batch: Pair) -> Tensor:
    """Give the loss of a `LesionVAE`."""
    residual, mask = batch
    drawn, mean, log_variance = network(residual, mask)
    return variational_loss(drawn, residual, mean, log_variance, noise=NOISE)


def adversarial(network: nn.Module, batch: Pair) -> Tensor:
    """Give the loss of a `LesionGAN`."""
    assert isinstance(network, LesionGAN)
    return adversarial_loss(network, *batch)


class Draws(IterableDataset[Pair]):
    """Batches of lesions, mirrored and with axes exchanged; the step alone decides what is drawn."""

    def __init__(self, lessons: Lessons, steps: int, seed: int, start: int = 0) -> None:
        self.lessons, self.steps, self.seed, self.start = lessons, steps, seed, start

    def __iter__(self) -> Iterator[Pair]:
        """Yield residuals ``(n, contrasts, side, side, side)`` and masks ``(n, 1, side, side, side)``."""
        for step in range(self.start, self.steps):
            rng = np.random.default_rng([self.seed, step])
            chosen = rng.integers(len(self.lessons.masks), size=BATCH)
            order = (0, 1, *(2 + rng.permutation(3)).tolist())
            flips = tuple((2 + np.flatnonzero(rng.integers(0, 2, 3))).tolist())
            drawn = (self.lessons.residuals[chosen], self.lessons.masks[chosen, None].astype(np.float32))
            first, second = (np.flip(item.transpose(order), flips).copy() for item in drawn)
            yield torch.from_numpy(first), torch.from_numpy(second)
