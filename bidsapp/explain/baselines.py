"""Images without the lesion, that a method compares the image with."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Baseline = Callable[[Tensor], Tensor]
"""From an image ``(1, channels, x, y, z)`` to its baseline of the same shape."""

SIGMA = 8.0


def zero_baseline(image: Tensor) -> Tensor:
    """Give an image of nothing.

    Networks with instance normalisation do not change with the scale of the image, so all that lies between
    nothing and the image happens in the first thousandth of the way; see :func:`integrated_gradients`.
    """
    return torch.zeros_like(image)


def blurred_baseline(image: Tensor, sigma: float = SIGMA) -> Tensor:
    """Blur each channel inside the brain, so that lesions fade into what surrounds them.

    Voxels of exactly zero, outside of the brain, stay zero and do not bleed in; a constant channel (which
    says that a contrast is there) stays as it is and so gets no relevance.

    Parameters
    ----------
    image
        Shape ``(1, channels, x, y, z)``.
    sigma
        Standard deviation of the Gaussian in voxels.
    """
    from monai.networks.layers import GaussianFilter

    blur = GaussianFilter(3, sigma).to(image.device)
    brain = (image != 0).to(image.dtype)
    blurred = blur(image) / blur(brain).clamp(min=torch.finfo(image.dtype).tiny)
    return torch.where(brain > 0, blurred, 0)
