"""Learns the features of normality from the controls, and gives each control's quantity as if left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

import bidsapp
from bidsapp.analyses.anomaly.learned import Learned
from bidsapp.analyses.anomaly.options import Options
from bidsapp.analyses.anomaly.quantities import Intensity, LearnedFeatures, Quantity, Strangeness
from bidsapp.analyses.anomaly.representations import representation
from bidsapp.analyses.anomaly.space import Vector
from bidsapp.errors import BadDataError
from bidsapp.files import digest_json
from bidsapp.oneclass.machines import fit_machine

if TYPE_CHECKING:
    from torch import Tensor
    from torch.utils.data import DataLoader

    from bidsapp.analyses.anomaly.representations.batch import Batch
    from bidsapp.learning.fitting import Schedule
    from bidsapp.networks.dense import DenseNetwork

Controls = Sequence[tuple[str, Mapping[str, Vector]]]


@dataclass(frozen=True, eq=False)
class Found:
    """What is compared, and what it is in the controls.

    Attributes
    ----------
    quantity
        For new subjects.
    values
        Of the controls, shape ``(controls, voxels, channels)``; a machine has not seen the control that it
        scores, the network has seen all of them.
    curve
        Step and loss of the training, where there was one.
    """

    quantity: Quantity
    values: NDArray[np.float32]
    curve: tuple[tuple[int, float], ...] = ()


def quantity_of_controls(
    controls: Controls, seen: Intensity, options: Options, *, folder: Path, device: str, seed: int
) -> Found:
    """Learn what is compared, and measure it in each control.

    Parameters
    ----------
    controls
        Name and volumes of each control, see :func:`bidsapp.analyses.anomaly.features.read_volumes`.
    seen
        Gives the images.
    folder
        For checkpoints; a training that was killed goes on from there.
    device, seed
        Of the training.

    Raises
    ------
    BadDataError
        The network did not learn, or no machine can be fitted.
    """
    from bidsapp.learning.progress import learning_curve

    learned = options.learned
    if learned.features == "intensity":
        return Found(seen, np.stack([seen.of(*control) for control in controls]))
    own = folder / checkpoint_name(controls, seen, learned, seed)
    network = learn(controls, seen, learned, folder=own, device=device, seed=seed)
    curve = tuple(learning_curve(own))
    check_learned(curve)
    features = LearnedFeatures(seen, network, learned.features, learned.dimensions, device, learned.step)
    values = np.stack([features.of(*control) for control in controls])
    if learned.features == "reconstruction" or learned.score == "gaussian":
        return Found(features, values, curve)
    machine, decisions = fit_machine(
        learned.score, values, nu=learned.nu, neighbours=learned.neighbours, seed=seed, device=device
    )
    strangeness = Strangeness(features, machine, learned.score_fwhm_mm)
    left_out = np.stack([strangeness.read(decision) for decision in decisions])
    return Found(strangeness, left_out, curve)


def check_learned(curve: Sequence[tuple[int, float]]) -> None:
    """Refuse a network whose loss is no number: all that follows would be none either.

    Raises
    ------
    BadDataError
        The step at which it came to that, and the remedy.
    """
    lost = next((step for step, loss in curve if not math.isfinite(loss)), None)
    if lost is not None:
        raise BadDataError(
            f"The network's loss is no number from step {lost} on; lower learning_rate in the recipe."
        )


def learn(
    controls: Controls, seen: Intensity, learned: Learned, *, folder: Path, device: str, seed: int
) -> DenseNetwork:
    """Train the representation, with checkpoints in ``folder``; see :func:`quantity_of_controls`."""
    import torch

    from bidsapp.learning.fitting import fit

    kind = representation(learned.representation, learned.of_representation)
    torch.manual_seed(seed)
    network = untrained(learned, len(seen.channels))
    images = torch.from_numpy(np.stack([seen.image(*control) for control in controls]))
    places = torch.from_numpy(np.argwhere(seen.space.mask[seen.space.box]))
    trained = fit(
        network,
        kind.loss,  # type: ignore[arg-type]  # the network that fit hands to the loss is the one it was given
        lambda step: _batches(images, places, learned, context=kind.context, seed=seed, start=step),
        schedule(learned),
        folder,
        device=device,
        seed=seed,
        precision="32-true",
    )
    return cast("DenseNetwork", trained.eval().to(device))


def checkpoint_name(controls: Controls, seen: Intensity, learned: Learned, seed: int) -> str:
    """Give checkpoints of other controls, images, recipe or seed another folder, so that none is mixed up."""
    images = sha256()
    for control in controls:
        images.update(seen.image(*control).tobytes())
    content = [asdict(learned), list(seen.channels), bidsapp.__version__, images.hexdigest(), seed]
    return digest_json(content)[:16]


def untrained(learned: Learned, channels: int) -> DenseNetwork:
    """Build the network that a recipe names, for a number of images."""
    from bidsapp.networks.patches import PatchShape
    from bidsapp.networks.slices import SliceShape

    shape: PatchShape | SliceShape
    if learned.unit == "patch":
        shape = PatchShape(channels=channels, dimensions=learned.dimensions, latent=learned.latent)
    else:
        shape = SliceShape(channels=channels, latent=learned.latent)
    kind = representation(learned.representation, learned.of_representation)
    return kind.network(shape)


def _batches(
    images: Tensor, places: Tensor, learned: Learned, *, context: bool, seed: int, start: int
) -> DataLoader[Batch]:
    import torch
    from torch.utils.data import DataLoader

    from bidsapp.analyses.anomaly.representations.sampling import PatchPairs, SlicePairs

    stream: PatchPairs | SlicePairs
    if learned.unit == "slice":
        levels = torch.from_numpy(np.unique(places[:, 2].numpy()))
        stream = SlicePairs(images, levels, pairs=learned.pairs, steps=learned.steps, seed=seed, start=start)
    else:
        stream = PatchPairs(
            images, places, dimensions=learned.dimensions, pairs=learned.pairs, steps=learned.steps,
            seed=seed, start=start, context=context,
        )  # fmt: skip
    return DataLoader(stream, batch_size=None)


def schedule(learned: Learned) -> Schedule:
    """Turn the recipe into steps and rates."""
    from bidsapp.learning.fitting import Schedule

    return Schedule(
        steps=learned.steps,
        learning_rate=learned.learning_rate,
        final_rate=0.05,
        checkpoint_steps=learned.checkpoint_steps,
    )
