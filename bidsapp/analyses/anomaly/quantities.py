"""What is compared at a voxel: intensities, learned features, or how strange a machine finds those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.analyses.anomaly.features import features_of
from bidsapp.analyses.anomaly.space import Space, Vector
from bidsapp.oneclass.machines import Machine
from bidsapp.oneclass.normative import Sign

if TYPE_CHECKING:
    from torch import Tensor

    from bidsapp.networks.dense import AdversarialNetwork, DenseNetwork, VariationalNetwork

_SLICES = 16
_TASK = "reading features of the brain"
_NO_ERROR = np.float32(1e-6)


class Quantity(Protocol):
    """From a member's volumes to what the normative model compares."""

    @property
    def sign(self) -> Sign:
        """Which deviates of it mean something."""
        ...

    def of(self, name: str, volumes: Mapping[str, Vector]) -> Vector:
        """Give the values of a member (called ``name`` in errors), shape ``(voxels, channels)``."""
        ...


@dataclass(frozen=True, eq=False)
class Intensity:
    """The smoothed channels themselves; see :func:`bidsapp.analyses.anomaly.features.features_of`."""

    channels: tuple[str, ...]
    space: Space
    fwhm_mm: float
    sign: Sign = "both"

    def of(self, name: str, volumes: Mapping[str, Vector]) -> Vector:
        """Scale and smooth."""
        return features_of(name, volumes, self.channels, self.space, self.fwhm_mm)

    def image(self, name: str, volumes: Mapping[str, Vector]) -> Vector:
        """Give the channels on the grid, cut to the analysed voxels: shape ``(channels, x, y, z)``."""
        return np.stack([self.space.scatter(column)[self.space.box] for column in self.of(name, volumes).T])


@dataclass(frozen=True, eq=False)
class LearnedFeatures:
    """What a network sees around each voxel.

    Attributes
    ----------
    seen
        Gives the images that the network gets.
    network
        In evaluation mode, on ``device``.
    kind
        ``latent``: the latent vector; ``log_variance``: of the Gaussian that it is the mean of;
        ``discriminator``: the discriminator's features;
        ``reconstruction``: the logarithm of the mean squared error of what is drawn, all channels together.
    dimensions
        2: axial slices; 3: the whole volume.
    step
        Voxels from one drawing to the next; patches overlap, so what lies between can be interpolated.
    """

    seen: Intensity
    network: DenseNetwork
    kind: Literal["latent", "log_variance", "discriminator", "reconstruction"]
    dimensions: int
    device: str = "cpu"
    step: int = 1

    @property
    def sign(self) -> Sign:
        """A larger error is abnormal; the sign of a feature means nothing."""
        return "above" if self.kind == "reconstruction" else "none"

    def of(self, name: str, volumes: Mapping[str, Vector]) -> Vector:
        """Run the network over the whole brain."""
        import torch

        from bidsapp.learning.gpu_memory import in_smaller_batches, or_on_cpu

        stack = as_stack(torch.from_numpy(self.seen.image(name, volumes)), self.dimensions)
        inside = self.seen.space.mask[self.seen.space.box]

        def look(network: DenseNetwork, where: str) -> Vector:
            def run(size: int) -> Tensor:
                return torch.cat(
                    [self._look(network, part.to(where)).cpu() for part in torch.split(stack, size)]
                )

            with torch.inference_mode():
                if self.kind == "reconstruction":
                    return self._error(network, stack.to(where), inside)
                seen = in_smaller_batches(run, min(_SLICES, len(stack)), task=_TASK)
            dense = seen.permute(2, 3, 0, 1) if self.dimensions == 2 else seen[0].permute(1, 2, 3, 0)
            return np.asarray(dense.numpy()[inside], dtype=np.float32)

        return or_on_cpu(look, self.network, self.device, task=_TASK)

    def _error(self, network: DenseNetwork, stack: Tensor, inside: NDArray[np.bool_]) -> Vector:
        """Draw what is around every ``step``-th voxel of each axis of a patch; interpolate in between."""
        import torch

        steps = (self.step, self.step, self.step if self.dimensions == 3 else 1)
        axes = [np.arange(0, size, step) for size, step in zip(inside.shape, steps, strict=True)]
        lattice = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        near = ndimage.maximum_filter(inside, [2 * step - 1 for step in steps])[
            tuple(lattice.transpose(3, 0, 1, 2))
        ]
        places = torch.from_numpy(lattice[near]).to(stack.device)
        error = network.reconstruction_error(stack, places).mean(dim=1)
        drawn = np.zeros(near.shape, dtype=np.float32)
        drawn[near] = np.log(error.cpu().numpy() + _NO_ERROR)
        where = (np.argwhere(inside) / steps).T
        return np.asarray(ndimage.map_coordinates(drawn, where, order=1, mode="nearest"), np.float32)[:, None]

    def _look(self, network: DenseNetwork, part: Tensor) -> Tensor:
        if self.kind == "latent":
            return network.encode_dense(part)
        if self.kind == "log_variance":
            return cast("VariationalNetwork", network).log_variance_dense(part)
        return cast("AdversarialNetwork", network).discriminate_dense(part)


@dataclass(frozen=True, eq=False)
class Strangeness:
    """How little a machine finds features to be like the controls' at that voxel."""

    features: LearnedFeatures
    machine: Machine
    fwhm_mm: float
    sign: Sign = "above"

    def of(self, name: str, volumes: Mapping[str, Vector]) -> Vector:
        """Score the features."""
        return self.read(self.machine.decide(self.features.of(name, volumes)))

    def read(self, decision: Vector) -> Vector:
        """Turn decision values, shape ``(voxels,)``, into the quantity, shape ``(voxels, 1)``."""
        return self.features.seen.space.smooth(-decision, self.fwhm_mm)[:, None]


def as_stack(image: Tensor, dimensions: int) -> Tensor:
    """Turn an image ``(channels, x, y, z)`` into what networks take: axial slices first, or one volume."""
    return image.permute(3, 0, 1, 2).contiguous() if dimensions == 2 else image[None]
