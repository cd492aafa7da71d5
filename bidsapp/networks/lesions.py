"""The lesion network: one trunk, and heads for all lesions, active lesions and the post-contrast image."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from bidsapp.networks.unet import fast_unet

INPUTS = 10
OUTPUTS = 4
FEATURES = (16, 32, 64, 128, 128, 16)
RARE = -4.0


def lesion_network(
    features: Sequence[int] = FEATURES, *, inputs: int = INPUTS, outputs: int = OUTPUTS
) -> nn.Module:
    """Build the network: MONAI's basic U-Net over image and presence channels.

    Parameters
    ----------
    features
        Channels of the five levels and of the last block (`monai.networks.nets.BasicUNet`).
    inputs, outputs
        Channels.

    Returns
    -------
    Module
        Takes ``(1, inputs, x, y, z)``, each axis a multiple of 16, 1 mm, axes towards right, anterior,
        superior. Gives ``(1, outputs, x, y, z)``: logit of any lesion, logit of activity where
        there is a lesion, what contrast agent adds to the T1w channel, and the logarithm of the scale of its
        error.

    Notes
    -----
    A batch holds one example, see :func:`bidsapp.networks.unet.fast_unet`. Lesions are rare: the bias of
    their logit starts there, and the first steps are not spent on learning it.
    """
    network = fast_unet(features, inputs=inputs, outputs=outputs)
    bias = network.get_parameter("final_conv.bias")
    with torch.no_grad():
        bias[0] = RARE
        bias[1:] = 0.0
    return network
