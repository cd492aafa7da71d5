"""The trained networks of a bundle, and how their outputs become probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.learning.calibration.scaling import Scaling

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, eq=False)
class Trained:
    """A bundle ready to use.

    Attributes
    ----------
    networks
        An ensemble; the first one learned from all patients.
    scaling
        Of the lesion logit, from left-out patients.
    threshold
        Calibrated probability from which a voxel is lesion.
    confidence_limit
        Lesions below it are marked; 0 marks none.
    window
        Edge of a window in voxels.
    synthesis
        Whether the synthesised image is shown: only where it beat the trivial answers.
    """

    networks: tuple[nn.Module, ...]
    scaling: Scaling
    threshold: float
    confidence_limit: float
    window: int
    synthesis: bool


def read_trained(bundle: Bundle, device: str) -> Trained:
    """Read a bundle.

    Raises
    ------
    BadDataError
        It lacks a number or a network, or is of another version.
    """
    metadata = bundle.metadata
    try:
        names, features = metadata["networks"], metadata["features"]
        if not isinstance(names, list) or not isinstance(features, list):
            raise TypeError("networks and features must be lists")
        return Trained(
            networks=tuple(load_network(bundle.path, str(name), tuple(features), device) for name in names),
            scaling=Scaling(temperature=_number(metadata["temperature"])),
            threshold=_number(metadata["threshold"]),
            confidence_limit=_number(metadata.get("confidence_limit", 0.0)),
            window=int(_number(metadata["window"])),
            synthesis=bool(metadata.get("synthesis", False)),
        )
    except (KeyError, TypeError) as error:
        raise BadDataError(
            f"{bundle.path} is no bundle of this version ({error}); train it again."
        ) from error


@lru_cache(maxsize=6)
def load_network(path: Path, name: str, features: tuple[int, ...], device: str) -> nn.Module:
    """Build one network of a bundle, in evaluation mode.

    Raises
    ------
    BadDataError
        The weights are missing or of another network.
    """
    import torch

    from bidsapp.networks.lesions import lesion_network

    network = lesion_network(features)
    stored = Bundle.read(path).tensors(name)
    try:
        network.load_state_dict({key: torch.from_numpy(value).float() for key, value in stored.items()})
    except RuntimeError as error:  # torch says it in a line for each layer
        raise BadDataError(
            f"{path}: the weights of '{name}' are not those of a network with features {list(features)}; "
            "train or copy the bundle again."
        ) from error
    return network.eval().to(device)


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)
