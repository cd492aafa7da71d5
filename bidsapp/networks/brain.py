"""The brain network: tissues, and the inside of the brain by each definition of its border."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from bidsapp.networks.unet import fast_unet

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
        A batch holds one image, see :func:`bidsapp.networks.unet.fast_unet`.
    """
    return fast_unet(features, inputs=1, outputs=len(TISSUES) + len(BORDERS))
