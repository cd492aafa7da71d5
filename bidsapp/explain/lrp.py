"""Layer-wise relevance propagation (Bach et al. 2015) for 3-D segmentation networks, one lesion at a time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bidsapp.explain.attribution import Attribution, Target
from bidsapp.explain.linear import RuledLayer
from bidsapp.explain.norms import HeldNorm
from bidsapp.explain.ruled import Rules, ruled_copy


def layerwise_relevance(
    network: nn.Module, image: Tensor, target: Target, *, rules: Rules | None = None
) -> Attribution:
    """Trace the logits of a lesion back to the voxels and channels of the image.

    Parameters
    ----------
    network
        See :func:`bidsapp.explain.ruled.ruled_copy`; it is not changed.
    image
        Shape ``(1, channels, x, y, z)``. With the rules other than `Flat` and `Box` a value of zero has no
        relevance, so zero must mean "as usual": the mean of the brain, and outside of it.
    target
        The relevance starts as weight times logit at each voxel of the lesion.
    rules
        Gamma for all layers by default.

    Returns
    -------
    Attribution
        ``explained`` is the target's score, ``elsewhere`` the relevance of the biases (which hold the norms'
        means); the sum is exact but for what a stabiliser takes.

    Raises
    ------
    ValueError
        See :func:`bidsapp.explain.ruled.ruled_copy`.
    """
    ruled = ruled_copy(network, image.detach(), rules or Rules())
    start = image.detach().clone().requires_grad_()
    layers = [module for module in ruled.modules() if isinstance(module, RuledLayer | HeldNorm)]
    for layer in layers:
        if isinstance(layer, RuledLayer):
            layer.sources.clear()
    score = target.score(ruled(start)).sum()
    sources = [source for layer in layers if isinstance(layer, RuledLayer) for source in layer.sources]
    biases = [layer.bias for layer in layers]
    received = torch.autograd.grad(
        score, [start, *sources, *biases], allow_unused=True, materialize_grads=True
    )
    with torch.no_grad():
        relevance = [leaf * share for leaf, share in zip([start, *sources, *biases], received, strict=True)]
        to_image = torch.stack(relevance[: 1 + len(sources)]).sum(dim=0)[0]
        to_biases = sum(part.double().sum().item() for part in relevance[1 + len(sources) :])
    return Attribution(to_image, explained=score.item(), elsewhere=to_biases)
