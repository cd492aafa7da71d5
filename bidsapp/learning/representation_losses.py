"""What makes a latent space useful: near for co-located patches of two people, or close to a known prior."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

Metric = Literal["cosine", "euclidean", "correlation"]


def apartness(first: Tensor, second: Tensor, metric: Metric = "cosine") -> Tensor:
    """Give the mean distance of paired latent vectors (Alaverdyan et al. 2020 use the cosine).

    Parameters
    ----------
    first, second
        Shape ``(n, latent)``; row i of both shows the same place in two people.
    metric
        ``cosine``: 1 - cosine; ``correlation``: the same after centring each vector; ``euclidean``: squared
        distance over the number of dimensions.

    Returns
    -------
    Tensor
        A scalar, 0 where all pairs are equal.
    """
    if metric == "euclidean":
        return (first - second).square().mean()
    if metric == "correlation":
        first, second = (item - item.mean(dim=1, keepdim=True) for item in (first, second))
    return (1 - cosine_similarity(first, second, dim=1)).mean()


def gaussian_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Give the Kullback-Leibler divergence from a standard normal, summed over dimensions, mean over rows."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()


def maximum_mean_discrepancy(latent: Tensor, prior: Tensor) -> Tensor:
    """Give the squared maximum mean discrepancy of two samples, unbiased (Gretton et al. 2012, JMLR 13:723).

    Kernel: sum of inverse multiquadrics C / (C + |x - y|^2), C = 2 d s for s in 0.1 to 10 (Tolstikhin et al.
    2018, Wasserstein auto-encoders), d the number of dimensions.

    Parameters
    ----------
    latent, prior
        Shape ``(n, d)``, n of 2 or more.
    """
    n, dimensions = latent.shape
    off = ~torch.eye(n, dtype=torch.bool, device=latent.device)
    within, wanted, across = (
        torch.cdist(a, b).square() for a, b in ((latent, latent), (prior, prior), (latent, prior))
    )
    total = latent.new_zeros(())
    for scale in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0):
        c = 2 * dimensions * scale
        same = ((c / (c + within)) + (c / (c + wanted)))[off].sum() / (n * (n - 1))
        total = total + same - 2 * (c / (c + across)).mean()
    return total
