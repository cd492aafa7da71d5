"""Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from bidsapp.explain.attribution import Attribution, Target
from bidsapp.explain.baselines import Baseline, blurred_baseline
from bidsapp.explain.copies import own_copy


def integrated_gradients(
    network: nn.Module,
    image: Tensor,
    target: Target,
    *,
    baseline: Baseline = blurred_baseline,
    steps: int = 24,
) -> Attribution:
    """Integrate the gradient on the straight way from the baseline to the image.

    Parameters
    ----------
    network, image, target
        As for :func:`bidsapp.explain.lrp.layerwise_relevance`.
    baseline
        Blurred in the brain by default. From a zero image the integral fails for networks with instance
        norms, whose output jumps at the start of the way; the completeness check then says so.
    steps
        Points of the Gauss-Legendre quadrature.

    Returns
    -------
    Attribution
        ``explained`` is the difference of the scores of image and baseline (completeness).
    """
    own = own_copy(network)
    image, start = image.detach(), baseline(image.detach())
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    mean_gradient = torch.zeros_like(image)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        point = (start + float(node) * (image - start)).requires_grad_()
        (gradient,) = torch.autograd.grad(target.score(own(point)).sum(), point)
        mean_gradient += float(weight) * gradient
    with torch.no_grad():
        explained = target.score(own(image)).item() - target.score(own(start)).item()
    return Attribution((mean_gradient * (image - start))[0], explained=explained)
