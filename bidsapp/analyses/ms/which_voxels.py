"""Which voxels made the network mark a lesion: relevance around it, shown only if its checks are passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bidsapp.analyses.ms.channels import IMAGES, encode
from bidsapp.analyses.ms.instances import Labels, Mask
from bidsapp.analyses.ms.lesions import Lesion
from bidsapp.analyses.ms.networks import Trained
from bidsapp.analyses.ms.reading import Reading
from bidsapp.analyses.ms.tables import is_active
from bidsapp.explain.attribution import Attribution, Target
from bidsapp.explain.checks import Check
from bidsapp.explain.methods import METHODS, explain
from bidsapp.learning.gpu_memory import or_on_cpu
from bidsapp.networks.dropout import without_dropout

Array = NDArray[np.float32]
Box = tuple[slice, slice, slice]

METHOD = METHODS["lrp"]
LARGEST = 3


@dataclass(frozen=True, eq=False)
class LesionReasons:
    """Why the network marked one lesion, as far as a window around it tells.

    Attributes
    ----------
    label
        Of the lesion.
    box
        The window on the working grid.
    inside
        Voxels of the lesion in the window, shape ``(x, y, z)`` of the box.
    seen
        Share of the lesion's voxels that lie in the window.
    checks
        What was checked.
    relevance
        Shape ``(5, x, y, z)``, by `bidsapp.analyses.ms.channels.IMAGES`: positive speaks for the lesion, 1 is
        the whole logit of one of its voxels. ``None`` where a check failed: the map may not be shown.
    elsewhere
        Share of the explained logits that is in no voxel: in biases and in which contrasts there are.
    """

    label: int
    box: Box
    inside: Mask
    seen: float
    checks: tuple[Check, ...]
    relevance: Array | None = None
    elsewhere: float | None = None

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that were not passed."""
        return tuple(check for check in self.checks if not check.passed)


def choose(lesions: Sequence[Lesion]) -> tuple[Lesion, ...]:
    """Choose the three largest lesions, and the most probably active one if any is active."""
    largest = sorted(lesions, key=lambda lesion: lesion.label)[:LARGEST]
    active = [lesion for lesion in lesions if is_active(lesion)]
    most = max(active, key=lambda item: item.activity.probability if item.activity else 0.0, default=None)
    return (*largest, most) if most is not None and most not in largest else tuple(largest)


def explain_lesions(
    chosen: Sequence[Lesion], labels: Labels, reading: Reading, trained: Trained, *, device: str, seed: int
) -> tuple[LesionReasons, ...]:
    """Explain lesions by the first network without dropout, each in a window of the size of its training."""
    images = {name: torch.from_numpy(item.data) for name, item in reading.images.items() if name in IMAGES}
    brain = torch.from_numpy(reading.space.mask.data >= 0.5)
    shown = encode(images, brain, images.keys())

    def look(network: nn.Module, where: str) -> tuple[LesionReasons, ...]:
        return tuple(
            explain_lesion(
                network,
                shown.to(where),
                labels == lesion.label,
                label=lesion.label,
                window=trained.window,
                seed=seed,
            )
            for lesion in chosen
        )

    return or_on_cpu(look, without_dropout(trained.networks[0]), device, task="explaining lesions")


def explain_lesion(
    network: nn.Module, shown: Tensor, mask: Mask, *, label: int, window: int, seed: int
) -> LesionReasons:
    """Explain the logits of one lesion.

    Parameters
    ----------
    network
        `bidsapp.networks.lesions.lesion_network`, in evaluation mode.
    shown
        The encoded examination, shape ``(10, x, y, z)``, on the network's device.
    mask
        The lesion, shape ``(x, y, z)``.
    label
        Its number.
    window
        Edge of the window in voxels.
    seed
        Of the random weights that the map is checked against.
    """
    box = window_around(mask, window)
    image, inside = _cut(shown, box, window)[None], mask[box]
    lesion = _cut(torch.from_numpy(inside)[None], (slice(None),) * 3, window)[0].to(shown.device)
    with torch.no_grad():
        logits = network(image)
    own = LesionReasons(label, box, inside, float(inside.sum() / mask.sum()), (_decided(logits, lesion),))
    if own.failed:
        return own
    target = Target.lesion(lesion).equally(logits)
    found = explain(network, image, target, method=METHOD, seed=seed, curves=False)
    own = replace(own, checks=(*own.checks, *found.checks))
    if own.failed:
        return own
    relevance, elsewhere = _account(found.attribution, inside.shape)
    return replace(own, relevance=relevance, elsewhere=elsewhere)


def window_around(mask: Mask, window: int) -> Box:
    """Place a window around the voxel of a lesion that is nearest to its centre; it stays within the grid."""
    voxels = np.argwhere(mask)
    middle = voxels[np.square(voxels - voxels.mean(axis=0)).sum(axis=1).argmin()]
    starts = np.clip(middle - window // 2, 0, np.maximum(0, np.array(mask.shape) - window)).tolist()
    x, y, z = (slice(low, min(low + window, size)) for low, size in zip(starts, mask.shape, strict=True))
    return x, y, z


def _cut(channels: Tensor, box: Box, window: int) -> Tensor:
    """Cut a window out of ``(channels, x, y, z)``; a grid that is smaller is filled up with zeros."""
    part = channels[(slice(None), *box)]
    missing = [side for size in reversed(part.shape[1:]) for side in (0, window - size)]
    return nn.functional.pad(part, missing)


def _decided(logits: Tensor, lesion: Tensor) -> Check:
    """Check that the network marks the lesion in this window too, not only in the mean of all windows."""
    highest = float(logits[0, 0][lesion].max())
    sentence = (
        f"Seen in one window by the first network, the largest logit in the lesion is {highest:.2f} (it must "
        "be above 0, or there is no decision to explain)."
    )
    return Check("decision", highest, 0.0, highest > 0, sentence)


def _account(attribution: Attribution, shape: tuple[int, ...]) -> tuple[Array, float]:
    """Give the relevance of the images, and the share of the explained logits that is not in it."""
    assert attribution.explained is not None
    images = attribution.relevance[: len(IMAGES)].cpu().double()
    elsewhere = 1 - float(images.sum()) / attribution.explained
    x, y, z = shape
    return images[:, :x, :y, :z].float().numpy(), elsewhere
