"""Guided Grad-CAM in three dimensions: where a layer sees the lesion, times which edges speak for it."""

from __future__ import annotations

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


def class_activation(network: nn.Module, image: Tensor, target: Target, *, layer: str) -> Tensor:
    """Give the Grad-CAM of a layer on the grid of the image, shape ``(x, y, z)``, not negative."""
    own = own_copy(network)
    seen: list[Tensor] = []
    own.get_submodule(layer).register_forward_hook(lambda _module, _given, result: seen.append(result))
    score = target.score(own(image.detach().requires_grad_())).sum()
    (gradient,) = torch.autograd.grad(score, seen[0])
    with torch.no_grad():
        weights = gradient.flatten(2).mean(dim=2)[..., None, None, None]
        cam = (weights * seen[0]).sum(dim=1, keepdim=True).clamp(min=0)
        return nn.functional.interpolate(cam, size=image.shape[2:], mode="trilinear")[0, 0]


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
    """Give the name of the last module, in order of use, whose output lies on the coarsest grid."""
    own = own_copy(network)
    grids: dict[str, int] = {}

    def note(name: str, result: Tensor) -> None:
        grids[name] = result[0, 0].numel()

    for name, module in own.named_modules():
        if not any(module.children()):
            module.register_forward_hook(lambda _module, _given, result, name=name: note(name, result))
    with torch.no_grad():
        own(image)
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
