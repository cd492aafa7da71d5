"""What a bundle says of a brain: one output of each network, or several where dropout draws it anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bidsapp.analyses.ms.inference import Output, infer
from bidsapp.analyses.ms.networks import Trained
from bidsapp.images.volume import Volume
from bidsapp.networks.dropout import one_draw

SEED = 0


def draw_outputs(
    trained: Trained, images: Mapping[str, Volume], brain: NDArray[np.bool_], device: str
) -> Iterator[Output]:
    """Yield ``samples`` outputs of each network with dropout, one of each without.

    All windows of a sample see the same draw. The draws are the same for every session and device.

    Parameters
    ----------
    trained
        The bundle.
    images, brain, device
        As `bidsapp.analyses.ms.inference.infer` takes them.
    """
    generator = torch.Generator().manual_seed(SEED)

    def look(network: nn.Module) -> Output:
        return infer(
            network,
            images,
            brain,
            window=trained.window,
            device=device,
            flips=trained.flips,
            prior=trained.prior,
        )

    for network in trained.networks:
        if trained.samples == 0:
            yield look(network)
        for _ in range(trained.samples):
            with one_draw(network, generator):
                drawn = look(network)
            yield drawn
