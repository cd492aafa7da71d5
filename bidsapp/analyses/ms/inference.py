"""The lesion network over a whole brain, window by window."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bidsapp.analyses.ms.channels import IMAGES, POST, SPREAD, encode
from bidsapp.images.volume import Volume
from bidsapp.learning.calibration.counts import count_logits
from bidsapp.learning.calibration.prior_shift import Prior
from bidsapp.learning.gpu_memory import or_on_cpu
from bidsapp.learning.precision import mixed_precision

OVERLAP = 0.5


@dataclass(frozen=True, eq=False)
class Output:
    """What the network says of one examination; all of shape ``(x, y, z)``, float32, on the working grid.

    Attributes
    ----------
    lesion, active
        Logits; -20 outside of the brain.
    change
        What contrast agent adds to the T1w (white matter = 1).
    scale
        Its expected absolute error, on the same scale.
    """

    lesion: NDArray[np.float32]
    active: NDArray[np.float32]
    change: NDArray[np.float32]
    scale: NDArray[np.float32]


def infer(
    network: nn.Module,
    images: Mapping[str, Volume],
    brain: NDArray[np.bool_],
    *,
    used: Collection[str] | None = None,
    window: int,
    device: str = "cpu",
    flips: Sequence[bool] = (False,),
    overlap: float = OVERLAP,
    prior: Prior | None = None,
) -> Output:
    """Run the network over a brain.

    Parameters
    ----------
    network
        `bidsapp.networks.lesions.lesion_network`, in the mode that is wanted (``eval`` or not).
    images
        By name of `bidsapp.analyses.ms.channels.IMAGES`, all on the working grid, white matter = 1.
    brain
        Brain mask, shape ``(x, y, z)``.
    used
        Images to show; all by default.
    window
        Edge of the windows in voxels: that of the training examples, since normalisation is by what a window
        holds. Windows are weighted by a Gaussian.
    device
        ``cpu`` or ``cuda:N``, where the network is.
    flips
        Average over the brain as it is (``False``) and mirrored (``True``).
    overlap
        Share of a window's edge that the next one sees again.
    prior
        Adapts the logits of lesion to how much disease this scan shows; as they are without it.
    """
    tensors = {name: torch.from_numpy(volume.data) for name, volume in images.items() if name in IMAGES}
    inside = torch.from_numpy(brain)
    shown = encode(tensors, inside, tensors.keys() if used is None else used)

    def look(network: nn.Module, where: str) -> Tensor:
        return sum((_slide(network, shown, window, where, flip, overlap) for flip in flips), torch.zeros(()))

    total = or_on_cpu(look, network, device, task="reading the brain in windows")
    lesion, active, change, log_scale = total / len(flips)
    if prior is not None:
        told = lesion.numpy()
        counts = count_logits(told[brain], np.zeros(int(brain.sum()), np.bool_))
        lesion = torch.from_numpy(prior.adapt(told, counts))
    outside = torch.full_like(lesion, -20.0)
    spread = SPREAD[POST]
    return Output(
        lesion=torch.where(inside, lesion, outside).numpy(),
        active=torch.where(inside, both(lesion, active), outside).numpy(),
        change=(change * spread * inside).numpy(),
        scale=(log_scale.clamp(-4, 3).exp() * spread * inside).numpy(),
    )


def both(first: Tensor, second: Tensor) -> Tensor:
    """Give the logit of a and b from the logits of a, and of b where a is: finite for any finite two."""
    neither = torch.logaddexp(
        torch.logaddexp(-first, -second), -first - second
    )  # log((1 - p) / p) of the product
    return -neither


def probability(logit: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float32]:
    """Turn logits into probabilities, divided by a temperature before."""
    return np.asarray(1 / (1 + np.exp(-logit / np.float32(temperature))), dtype=np.float32)


def _slide(network: nn.Module, shown: Tensor, window: int, device: str, flip: bool, overlap: float) -> Tensor:
    from monai.inferers import sliding_window_inference

    batch = (shown.flip(1) if flip else shown)[None]

    def look(patch: Tensor) -> Tensor:
        with mixed_precision(device):
            seen: Tensor = network(patch.contiguous(memory_format=torch.channels_last_3d))
        return seen.float()

    with torch.inference_mode():
        output = sliding_window_inference(
            batch,
            (window, window, window),
            1,
            look,
            overlap=overlap,
            mode="gaussian",
            sw_device=device,
            device="cpu",
        )
    assert isinstance(output, Tensor)
    return output[0].flip(1) if flip else output[0]
