"""What the generators of lesions learn from: pairs of a residual (lesioned minus healed) and its mask."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from bidsapp.learning.adversarial import hinge, opponent
from bidsapp.learning.representation_losses import gaussian_divergence


class Adversaries(Protocol):
    """A generator that draws a residual for each mask, and its critic."""

    @property
    def critic(self) -> nn.Module:
        """Scores residuals ``(n, contrasts, x, y, z)`` with their masks ``(n, 1, x, y, z)``."""

    def __call__(self, mask: Tensor) -> Tensor:
        """Draw residuals of shape ``(n, contrasts, x, y, z)`` for masks ``(n, 1, x, y, z)``."""


def variational_loss(
    drawn: Tensor, residual: Tensor, mean: Tensor, log_variance: Tensor, *, noise: float = 1.0
) -> Tensor:
    """Give the negative evidence lower bound, but for a constant, of residuals with Gaussian noise.

    Parameters
    ----------
    drawn, residual
        Drawn and real residuals, shape ``(n, contrasts, x, y, z)``.
    mean, log_variance
        Of the latent vectors, shape ``(n, latent)``.
    noise
        Standard deviation of what the latent vector need not explain (the grain of both images), in the unit
        of the residuals; the larger, the closer the latent vectors to a standard normal.

    Returns
    -------
    Tensor
        A scalar: mean over lesions.
    """
    errors = (drawn - residual).square().flatten(1).sum(dim=1)
    return errors.mean() / (2 * noise**2) + gaussian_divergence(mean, log_variance)


def adversarial_loss(
    players: Adversaries, residual: Tensor, mask: Tensor, *, matching: float = 10.0
) -> Tensor:
    """Give the loss of a generator and its critic in one scalar, see `bidsapp.learning.adversarial`.

    Hinge losses, and a term that keeps the generator from the few answers that please the critic: real and
    drawn lesions of a batch have the same masks, so the mean residual in lesions must agree in each contrast.

    Parameters
    ----------
    players
        Generator and critic.
    residual
        Real residuals, shape ``(n, contrasts, x, y, z)``.
    mask
        Their lesions, float, shape ``(n, 1, x, y, z)``.
    matching
        Weight of the agreement of means.
    """
    drawn = players(mask)
    critic = hinge(players.critic(residual, mask), players.critic(drawn.detach(), mask))
    deceiving = -opponent(players.critic, drawn, mask).mean()
    apart = (_level(drawn, mask) - _level(residual, mask)).square().mean()
    return critic + deceiving + matching * apart


def _level(residual: Tensor, mask: Tensor) -> Tensor:
    """Mean over the lesions of a batch, shape ``(contrasts,)``."""
    total = (residual * mask).sum(dim=(0, 2, 3, 4))
    return total / mask.sum().clamp(min=1)
