"""Grad-CAM, Grad-CAM++ and guided Grad-CAM in three dimensions, for lesions and for numbers of an image.

The first two say where a layer sees what is explained; the third multiplies that by which edges speak for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from bidsapp.explain.attribution import Attribution, Target
from bidsapp.explain.copies import own_copy
from bidsapp.explain.ruled import RECTIFIERS


def guided_gradcam(
    network: nn.Module, image: Tensor, target: Target, *, layer: str | None = None
) -> Attribution:
    """Multiply guided backpropagation and Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391).

    Grad-CAM starts from the sum of the lesion's logits, as Seg-Grad-CAM does (Vinogradova et al. 2020,
    doi:10.1609/aaai.v34i10.7244). Guided backpropagation takes leaky rectifiers for plain ones.

    Parameters
    ----------
    network, image, target
        As for :func:`bidsapp.explain.lrp.layerwise_relevance`.
    layer
        Name of the module whose output is the layer, as in ``named_modules()``; by default the last one on
        the coarsest grid.

    Raises
    ------
    ValueError
        The network has no rectifier.
    """
    name = coarsest_layer(network, image) if layer is None else layer
    cam = class_activation(network, image, target, layer=name)
    return Attribution(guided_gradient(network, image, target) * cam)


def gradcam(network: nn.Module, image: Tensor, target: Target, *, layer: str | None = None) -> Attribution:
    """Map by Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391); all input channels share the map.

    Parameters are those of :func:`guided_gradcam`.
    """
    return _activation(network, image, target, layer, mean_weights)


def gradcam_plus_plus(
    network: nn.Module, image: Tensor, target: Target, *, layer: str | None = None
) -> Attribution:
    """Map by Grad-CAM++ (Chattopadhay et al. 2018, arXiv:1710.11063); all input channels share the map.

    Parameters are those of :func:`guided_gradcam`.
    """
    return _activation(network, image, target, layer, plus_plus_weights)


Weights = Callable[[Tensor, Tensor], Tensor]
"""Weight of each channel, ``(n, channels)``, from gradient and activation, ``(n, channels, x, y, z)``."""


def mean_weights(gradient: Tensor, activation: Tensor) -> Tensor:
    """Weigh channels by their mean gradient over positions, as Grad-CAM does."""
    del activation
    return gradient.flatten(2).mean(dim=2)


def plus_plus_weights(gradient: Tensor, activation: Tensor) -> Tensor:
    r"""Weigh positive gradients by position, as Grad-CAM++ does for the exponential of the score.

    .. math:: \alpha = \frac{g^2}{2 g^2 + \sum A\, g^3}, \quad w = \sum \alpha \max(g, 0)

    in each channel, with gradient g of the score and activation A (equation 19 of the paper). The second and
    third derivatives of :math:`\exp(S)` are powers of g times :math:`\exp(S)`, which cancels in
    :math:`\alpha` and only scales the map, so it is left out: it would overflow for scores above 88. Where
    the denominator is zero, so is :math:`\alpha`.
    """
    below = 2 * gradient**2 + activation.sum(dim=(2, 3, 4), keepdim=True) * gradient**3
    alpha = torch.where(below != 0, gradient**2 / torch.where(below != 0, below, 1), 0)
    return (alpha * gradient.clamp(min=0)).flatten(2).sum(dim=2)


def class_activation(
    network: nn.Module, image: Tensor, target: Target, *, layer: str, weights: Weights = mean_weights
) -> Tensor:
    """Give the weighted sum of a layer's channels on the grid of the image, shape ``(x, y, z)``.

    Negative sums are set to zero; between the layer's cells the map is interpolated linearly.
    """
    own = own_copy(network)
    seen: list[Tensor] = []
    own.get_submodule(layer).register_forward_hook(lambda _module, _given, result: seen.append(result))
    score = target.score(own(image.detach().requires_grad_())).sum()
    (gradient,) = torch.autograd.grad(score, seen[0])
    with torch.no_grad():
        each = weights(gradient, seen[0])[..., None, None, None]
        cam = (each * seen[0]).sum(dim=1, keepdim=True).clamp(min=0)
        return nn.functional.interpolate(cam, size=image.shape[2:], mode="trilinear")[0, 0]


def _activation(
    network: nn.Module, image: Tensor, target: Target, layer: str | None, weights: Weights
) -> Attribution:
    name = coarsest_layer(network, image) if layer is None else layer
    cam = class_activation(network, image, target, layer=name, weights=weights)
    return Attribution(cam.expand(image.shape[1:]))


def guided_gradient(network: nn.Module, image: Tensor, target: Target) -> Tensor:
    """Give the gradient of guided backpropagation, shape ``(channels, x, y, z)``.

    Only positive gradients pass, and only through units that are on (Springenberg et al. 2015,
    arXiv:1412.6806).
    """
    own = own_copy(network)
    rectifiers = [name for name, module in own.named_modules() if isinstance(module, RECTIFIERS)]
    if not rectifiers:
        raise ValueError("Guided backpropagation needs a network with rectifiers, and this one has none.")
    for name in rectifiers:
        own.set_submodule(name, _Guided(own.get_submodule(name)))
    start = image.detach().clone().requires_grad_()
    return torch.autograd.grad(target.score(own(start)).sum(), start)[0][0]


def coarsest_layer(network: nn.Module, image: Tensor) -> str:
    """Give the name of the last module, in order of use, whose output lies on the coarsest grid.

    Only outputs with three axes of more than one voxel count: a vector has no place, nor has a mean over all.

    Raises
    ------
    ValueError
        No module has such an output.
    """
    own = own_copy(network)
    grids: dict[str, int] = {}

    def note(name: str, result: Tensor) -> None:
        if result.ndim == 5 and min(result.shape[2:]) > 1:
            grids[name] = result[0, 0].numel()

    for name, module in own.named_modules():
        if not any(module.children()):
            module.register_forward_hook(lambda _module, _given, result, name=name: note(name, result))
    with torch.no_grad():
        own(image)
    if not grids:
        raise ValueError("Grad-CAM needs a layer whose output is a volume, and this network has none.")
    return [name for name, size in grids.items() if size == min(grids.values())][-1]


class _Guided(nn.Module):
    def __init__(self, rectifier: nn.Module) -> None:
        super().__init__()
        self.rectifier = rectifier

    def forward(self, values: Tensor) -> Tensor:
        guided: Tensor = _GuidedFunction.apply(values, self.rectifier)  # type: ignore[no-untyped-call]
        return guided


class _GuidedFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, rectifier: nn.Module) -> Tensor:
        ctx.save_for_backward(values > 0)
        activated: Tensor = rectifier(values)
        return activated

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (on,) = ctx.saved_tensors
        return gradients[0].clamp(min=0) * on, None
