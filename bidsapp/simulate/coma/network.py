"""The stated network: which regions the score of a simulated patient depends on, and how much."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import UsageError
from bidsapp.images.templates import Region
from bidsapp.simulate.coma.head import Head
from bidsapp.simulate.fields import Array

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Network:
    """Parts of the brain, each with a mask ``(x, y, z)`` and a weight; the weights add up to 1."""

    parts: Mapping[str, Mask]
    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        """Check the parts.

        Raises
        ------
        UsageError
            A part has no weight or no voxel, or the weights do not add up to 1.
        """
        empty = [name for name, mask in self.parts.items() if not mask.any()]
        if empty:
            raise UsageError(f"Part {empty[0]} of the network has no voxel on this grid; use smaller voxels.")
        if set(self.parts) != set(self.weights) or abs(sum(self.weights.values()) - 1) > 1e-6:
            raise UsageError("The weights of the network are not one for each part with a sum of 1.")

    @property
    def mask(self) -> Mask:
        """All parts together."""
        return np.asarray(np.any(list(self.parts.values()), axis=0))

    def part_injuries(self, injury: Array) -> dict[str, float]:
        """Give the mean injury (0-1) of each part."""
        return {name: float(injury[mask].mean(dtype=np.float64)) for name, mask in self.parts.items()}

    def injury(self, injury: Array) -> float:
        """Give the injury of the network: the weighted mean of its parts', 0-1."""
        return sum(self.weights[name] * value for name, value in self.part_injuries(injury).items())


@functools.cache
def stated() -> Mapping[str, Any]:
    """Read the packaged network, territories of injury and regions of signals."""
    text = (files("bidsapp") / "data" / "coma_network.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def stated_network(head: Head) -> Network:
    """Give the packaged network on the grid of a head."""
    parts = stated()["network"]
    return Network(
        {name: region_mask(head, part["regions"]) for name, part in parts.items()},
        {name: float(part["weight"]) for name, part in parts.items()},
    )


def territory(head: Head, name: str) -> Mask:
    """Give the mask of a packaged territory of injury (``cortex``, ``basal_ganglia``, ...)."""
    return region_mask(head, stated()["territories"][name])


def region_mask(head: Head, names: Sequence[str]) -> Mask:
    """Give the voxels of all regions of these names, both sides."""
    wanted = [region.index for region in head.regions if any(is_named(region, name) for name in names)]
    return np.isin(head.labels, wanted)


def is_named(region: Region, name: str) -> bool:
    """Tell whether a region of Neuromorphometrics has this name without side, or this first word."""
    text = region.name.removeprefix("Left_").removeprefix("Right_")
    return text == name or text.startswith(f"{name}_")
