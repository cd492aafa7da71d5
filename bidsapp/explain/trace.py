"""What one forward pass shows of a network's wiring: which layers read the image, and what norms follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from bidsapp.explain.norms import Norm, scale_and_shift


@dataclass
class Trace:
    """Modules by their names in ``named_modules()``.

    Attributes
    ----------
    output
        What the network gave.
    readers
        Convolutions that read the image itself.
    norms
        Scale and shift of each norm for this image.
    before
        The convolution whose output a norm reads.
    """

    output: Tensor
    readers: set[str] = field(default_factory=set)
    norms: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)


def traced(network: nn.Module, image: Tensor) -> Trace:
    """Run a network and note its wiring.

    Raises
    ------
    ValueError
        A norm is used twice.
    """
    trace = Trace(image)
    last: list[tuple[str, Tensor]] = []

    def before_norm(name: str, norm: Norm, values: Tensor) -> None:
        if name in trace.norms:
            raise ValueError(f"The norm {name} is used twice; relevance needs one for each place.")
        trace.norms[name] = scale_and_shift(norm, values)
        if last and values is last[0][1]:
            trace.before[name] = last[0][0]

    def after_convolution(name: str, given: Tensor, result: Tensor) -> None:
        last[:] = [(name, result)]
        if given is image:
            trace.readers.add(name)

    handles = []
    for name, module in network.named_modules():
        if isinstance(module, Norm):
            handles.append(module.register_forward_pre_hook(_norm_hook(name, before_norm)))
        elif isinstance(module, _ConvNd):
            handles.append(module.register_forward_hook(_convolution_hook(name, after_convolution)))
    with torch.no_grad():
        trace.output = network(image)
    for handle in handles:
        handle.remove()
    return trace


def _norm_hook(name: str, note: Callable[[str, Norm, Tensor], None]) -> Callable[[Norm, tuple[Tensor]], None]:
    return lambda norm, given: note(name, norm, given[0])


def _convolution_hook(
    name: str, note: Callable[[str, Tensor, Tensor], None]
) -> Callable[[nn.Module, tuple[Tensor], Tensor], None]:
    return lambda _, given, result: note(name, given[0], result)
