"""What every network of normality offers: numbers at each voxel of a whole image, to be judged by a score."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class DenseNetwork(nn.Module, ABC):
    """A network that describes each voxel by a vector and can draw what it expects to see there.

    Images of 2-D networks are stacks of axial slices, shape ``(z, channels, x, y)``; of 3-D networks one
    volume, shape ``(1, channels, x, y, z)``. Methods are meant for ``eval()`` and ``torch.no_grad()``.
    """

    @abstractmethod
    def encode_dense(self, images: Tensor) -> Tensor:
        """Give the latent vector of every voxel, shape ``(n, latent, *spatial)``."""

    @abstractmethod
    def reconstruction_error(self, images: Tensor, places: Tensor) -> Tensor:
        """Give how far the drawing is from the image, in squares of its unit.

        Parameters
        ----------
        images
            One whole volume, laid out as above.
        places
            Voxel indices (x, y, z), shape ``(places, 3)``, for networks of two dimensions as of three.

        Returns
        -------
        Tensor
            Shape ``(places, channels)``: mean squared error of the patch around the voxel, or, for networks
            of slices, squared error at the voxel.
        """


class VariationalNetwork(DenseNetwork):
    """A network that describes each voxel by a Gaussian; its mean is the latent vector."""

    @abstractmethod
    def log_variance_dense(self, images: Tensor) -> Tensor:
        """Give the logarithm of the variance of every voxel, shape ``(n, latent, *spatial)``."""


class AdversarialNetwork(DenseNetwork):
    """A network that also has a discriminator of real and drawn patches."""

    @abstractmethod
    def discriminate_dense(self, images: Tensor) -> Tensor:
        """Give the discriminator's features of every voxel, shape ``(n, features, *spatial)``."""


def as_volume(images: Tensor, dimensions: int) -> Tensor:
    """View images of a network as one volume of shape ``(channels, x, y, z)``."""
    return images.movedim(0, -1) if dimensions == 2 else images[0]


def values_at(images: Tensor, places: Tensor, dimensions: int) -> Tensor:
    """Give the values of images at voxels (x, y, z), shape ``(places, channels)``."""
    x, y, z = places.T
    return as_volume(images, dimensions)[:, x, y, z].T
