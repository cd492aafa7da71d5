"""The brain network: MONAI's basic U-Net, with what makes it fast on a CPU."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

TISSUES = ("background", "GM", "WM", "CSF")
BORDERS = ("labels", "clinical")
LEVELS = 4


def brain_network(features: Sequence[int] = (16, 32, 64, 128, 128, 16)) -> nn.Module:
    """Build the network.

    Parameters
    ----------
    features
        Channels of the five levels and of the last block (`monai.networks.nets.BasicUNet`).

    Returns
    -------
    Module
        Takes ``(1, 1, x, y, z)``, each axis a multiple of 16, grey values scaled to about 0..1, axes towards
        right, anterior, superior, 2 mm. Gives ``(1, 6, x, y, z)`` logits: four tissues (softmax, order
        `TISSUES`) and the inside of the brain by each definition of its border (sigmoid, order `BORDERS`).

    Notes
    -----
    Normalisation is by instance. It is written as batch normalisation without running statistics, which is
    the same for a batch of one and keeps the channels-last layout (2.5 times faster on a CPU); so a batch
    must hold one image.
    """
    from monai.networks.nets import BasicUNet
    from monai.networks.nets.basic_unet import UpCat

    network: nn.Module = BasicUNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=len(TISSUES) + len(BORDERS),
        features=tuple(features),
        act=("leakyrelu", {"inplace": True, "negative_slope": 0.1}),
        norm=("batch", {"track_running_stats": False}),
    )
    for module in network.modules():
        if isinstance(module, UpCat):
            module.is_pad = False  # axes are multiples of 16: padding would only copy
    moved: nn.Module = nn.Module.to(network, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return moved
