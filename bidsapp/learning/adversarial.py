"""Two players in one scalar loss: each part's gradient reaches only the player whose loss it is.

The players learn at the same time, from one optimiser. A player's own term takes what the others made as
given (``detach``), and passes through another player only by `opponent`, whose weights it leaves alone. So
the gradient of the sum is, for each player, the gradient of its own loss.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call


def opponent(network: nn.Module, *inputs: Tensor) -> Tensor:
    """Apply another player's network: gradients reach the inputs; neither weights nor statistics change."""
    held = {name: weight.detach() for name, weight in network.named_parameters()}
    held |= {name: statistic.clone() for name, statistic in network.named_buffers()}
    output: Tensor = functional_call(network, held, inputs)
    return output


def hinge(real: Tensor, drawn: Tensor) -> Tensor:
    """Give a critic's hinge loss (Lim and Ye 2017): 0 where real scores above 1 and drawn below -1.

    Parameters
    ----------
    real, drawn
        Scores, any shape.
    """
    return torch.relu(1 - real).mean() + torch.relu(1 + drawn).mean()


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, drawn: Tensor) -> Tensor:
    """Give the penalty of a Wasserstein critic for slopes other than 1 (Gulrajani et al. 2017).

    The mean of ``(|gradient| - 1)^2`` at random points between real and drawn patches, in single precision
    where the rest of the training is mixed.

    Parameters
    ----------
    critic
        Gives a score for each patch.
    real, drawn
        Patches of the same shape, paired by their order.
    """
    share = torch.rand(len(real), *(1,) * (real.ndim - 1), device=real.device)
    with torch.autocast(real.device.type, enabled=False):
        between = (share * real.float() + (1 - share) * drawn.detach().float()).requires_grad_()
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        penalty: Tensor = (slope.flatten(1).norm(dim=1) - 1).square().mean()
    return penalty
