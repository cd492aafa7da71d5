"""Which voxels of a batch hold something, and which of them meet under a kernel.

Active voxels ("sites") are kept as sorted linear indices, so a neighbour is found by bisection and no table
of the size of the volume is ever made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import torch
from torch import Tensor

Size = tuple[int, int, int]
Pairs = list[tuple[Tensor, Tensor]]
Reached = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Sites:
    """Active voxels of a batch of volumes of one size.

    Attributes
    ----------
    index
        Shape ``(sites,)``, ascending: ``((image * X + x) * Y + y) * Z + z``.
    size
        Voxels along x, y and z.
    batch
        Number of volumes; some may have no site.
    """

    index: Tensor
    size: Size
    batch: int
    _pairs: dict[int, Pairs] = field(default_factory=dict, init=False, repr=False)
    _windows: dict[Size, tuple[Sites, Pairs]] = field(default_factory=dict, init=False, repr=False)

    @property
    def coordinates(self) -> Tensor:
        """Image, x, y and z of each site, shape ``(sites, 4)``."""
        return torch.stack(torch.unravel_index(self.index, (self.batch, *self.size)), dim=1)

    @property
    def counts(self) -> Tensor:
        """Number of sites of each volume, shape ``(batch,)``."""
        x, y, z = self.size
        return torch.bincount(self.index // (x * y * z), minlength=self.batch)

    def neighbours(self, kernel: int) -> Pairs:
        """Pair each site with those under a centred kernel.

        Parameters
        ----------
        kernel
            Width, odd.

        Returns
        -------
        list of tuple
            For each of the ``kernel ** 3`` offsets, in the order of a weight of `torch.nn.Conv3d`: rows of
            the sites that are read, and rows of the sites that are written. They are found once and kept,
            as layers that follow each other share them.
        """
        if kernel not in self._pairs:
            self._pairs[kernel] = self._find_neighbours(kernel)
        return self._pairs[kernel]

    def _find_neighbours(self, kernel: int) -> Pairs:
        reach = kernel // 2
        x, y, z = (side + reach for side in self.size)  # a border, so that no row runs into the next
        index = _linear(self.coordinates, (x, y, z))
        shifts = [((i - reach) * y + j - reach) * z + k - reach for i, j, k in _offsets(kernel)]
        half = [_shifted(index, shift) for shift in shifts[: kernel**3 // 2]]
        everyone = torch.arange(len(index), device=index.device)
        mirrored = [(written, read) for read, written in reversed(half)]
        return [*half, (everyone, everyone), *mirrored]

    def windows(self, kernel: int, stride: int, padding: int) -> tuple[Sites, Pairs]:
        """Give the sites of a strided convolution's output: every window with a site in it.

        Parameters
        ----------
        kernel, stride, padding
            As of `torch.nn.Conv3d`, the same along each axis.

        Returns
        -------
        Sites, list of tuple
            Sites of the output, and pairs as :meth:`neighbours` gives them; kept as well.
        """
        geometry = kernel, stride, padding
        if geometry not in self._windows:
            self._windows[geometry] = self._find_windows(*geometry)
        return self._windows[geometry]

    def _find_windows(self, kernel: int, stride: int, padding: int) -> tuple[Sites, Pairs]:
        x, y, z = ((side + 2 * padding - kernel) // stride + 1 for side in self.size)
        image, *along = self.coordinates.unbind(dim=1)
        reached = [
            [_reached(axis + padding - offset, stride, windows) for offset in range(kernel)]
            for axis, windows in zip(along, (x, y, z), strict=True)
        ]
        found = [_windows_of(image, each, (x, y, z)) for each in product(*reached)]
        index = torch.unique(torch.cat([windows for _, windows in found]))
        pairs = [(read, torch.searchsorted(index, windows)) for read, windows in found]
        return Sites(index, (x, y, z), self.batch), pairs


def _offsets(kernel: int) -> list[Size]:
    return [(x, y, z) for x, y, z in product(range(kernel), repeat=3)]


def _shifted(index: Tensor, shift: int) -> tuple[Tensor, Tensor]:
    """Give rows of the sites that lie a shift behind another site, and rows of those others."""
    if not len(index):
        return index, index
    place = torch.searchsorted(index, index + shift).clamp(max=len(index) - 1)
    written = (index[place] == index + shift).nonzero()[:, 0]
    return place[written], written


def _reached(corner: Tensor, stride: int, windows: int) -> Reached:
    """Give the window along one axis that begins at each corner, and whether there is one."""
    window = corner.div(stride, rounding_mode="floor")
    return window, (corner == window * stride) & (window >= 0) & (window < windows)


def _windows_of(image: Tensor, along: tuple[Reached, ...], size: Size) -> tuple[Tensor, Tensor]:
    """Give rows of the sites that lie at one offset of some window, and the linear index of that window."""
    (x, at_x), (y, at_y), (z, at_z) = along
    read = (at_x & at_y & at_z).nonzero()[:, 0]
    return read, _linear(torch.stack([part[read] for part in (image, x, y, z)], dim=1), size)


def _linear(coordinates: Tensor, size: Size) -> Tensor:
    image, x, y, z = coordinates.unbind(dim=1)
    return ((image * size[0] + x) * size[1] + y) * size[2] + z
