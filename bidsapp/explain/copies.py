"""Copies of networks that may be taken apart, so that the network that is explained stays as it was."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

_INSTANCE_NORMS: dict[type[nn.Module], type[nn.Module]] = {
    nn.BatchNorm1d: nn.InstanceNorm1d,
    nn.BatchNorm2d: nn.InstanceNorm2d,
    nn.BatchNorm3d: nn.InstanceNorm3d,
}


def own_copy(network: nn.Module) -> nn.Module:
    """Copy a network for use: no dropout, no gradient of weights, nothing overwritten in place.

    Weights with channels last are laid out plainly: PyTorch adds up the statistics of such a norm in single
    precision on a CPU, 4e-4 off in a window of 80 voxels and more with each layer, and relevance would have
    to answer for that.
    """
    copy = deepcopy(network).eval().requires_grad_(False)
    nn.Module.to(copy, memory_format=torch.contiguous_format)
    for module in copy.modules():
        if hasattr(module, "inplace"):
            module.inplace = False  # type: ignore[assignment]
    return copy


def batch_copy(network: nn.Module) -> nn.Module:
    """Copy a network so that the images of a batch do not see each other.

    Batch normalisation without running statistics, which is normalisation by instance as long as the batch
    holds one image, becomes the latter.
    """
    copy = own_copy(network)
    for name, module in list(copy.named_modules()):
        if isinstance(module, _BatchNorm) and module.running_mean is None:
            norm = _INSTANCE_NORMS[type(module)](module.num_features, eps=module.eps, affine=module.affine)
            norm.load_state_dict(module.state_dict())
            device = next(copy.parameters()).device
            copy.set_submodule(name, norm.to(device).requires_grad_(False).eval())
    return copy
