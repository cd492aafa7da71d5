"""The trained networks of a bundle, and how their outputs become probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.analyses.ms.activity_rule import ActivityRule
from bidsapp.analyses.ms.options import DROPOUTS
from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.learning.calibration.prior_shift import Prior
from bidsapp.learning.calibration.scaling import Scaling

if TYPE_CHECKING:
    from torch import nn

    from bidsapp.networks.dropout import Kind


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
    samples
        Draws of each network's dropout; 0 without.
    flips
        Whether the brain is read as it is, and mirrored too.
    activity
        Whether activity is told: where enhancing lesions of real patients taught the network, or by the rule.
    cautions
        What was measured of the bundle that a reader of any report must know.
    active_from
        ``head``, ``synthesis`` or ``change``: where the probability of an active lesion comes from.
    prior
        Adapts the logits of lesion to how much disease a scan shows.
    rule
        Tells activity from the change since the earlier session; there where ``active_from`` is ``change``.
    activity_simulated
        Whether activity was learned from simulated lesions alone, as a rule always is.
    """

    networks: tuple[nn.Module, ...]
    scaling: Scaling
    threshold: float
    confidence_limit: float
    window: int
    synthesis: bool
    samples: int = 0
    flips: tuple[bool, ...] = (False,)
    activity: bool = True
    cautions: tuple[str, ...] = ()
    active_from: str = "head"
    prior: Prior | None = None
    rule: ActivityRule | None = None
    activity_simulated: bool = True


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
        kind, rate = _dropout(metadata.get("dropout", {"kind": "none", "rate": 0.0}))
        if not isinstance(names, list) or not isinstance(features, list):
            raise TypeError("networks and features must be lists")
        return Trained(
            networks=tuple(
                load_network(bundle.path, str(name), tuple(features), device, kind, rate) for name in names
            ),
            scaling=Scaling(temperature=_number(metadata["temperature"])),
            threshold=_number(metadata["threshold"]),
            confidence_limit=_number(metadata.get("confidence_limit", 0.0)),
            window=int(_number(metadata["window"])),
            synthesis=bool(metadata.get("synthesis", False)),
            samples=0 if kind == "none" else int(_number(metadata["samples"])),
            flips=(False, True) if metadata.get("test_time_augmentation", False) else (False,),
            activity=bool(metadata.get("activity", True)),
            cautions=_sentences(metadata.get("cautions", [])),
            active_from=str(metadata.get("active_from", "head")),
            prior=read_prior(metadata),
            rule=(rule := read_rule(metadata)),
            activity_simulated=rule is not None or not metadata.get("activity_seen_in_patients", False),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadDataError(
            f"{bundle.path} is no bundle of this version ({error}); train it again."
        ) from error


@lru_cache(maxsize=6)
def load_network(
    path: Path, name: str, features: tuple[int, ...], device: str, dropout: Kind = "none", rate: float = 0.0
) -> nn.Module:
    """Build one network of a bundle, in evaluation mode.

    Raises
    ------
    BadDataError
        The weights are missing or of another network.
    """
    import torch

    from bidsapp.networks.dropout import with_dropout
    from bidsapp.networks.lesions import lesion_network

    network = with_dropout(lesion_network(features), dropout, rate)
    stored = Bundle.read(path).tensors(name)
    try:
        network.load_state_dict({key: torch.from_numpy(value).float() for key, value in stored.items()})
    except RuntimeError as error:  # torch says it in a line for each layer
        raise BadDataError(
            f"{path}: the weights of '{name}' are not those of a network with features {list(features)}; "
            "train or copy the bundle again."
        ) from error
    return network.eval().to(device)


def _dropout(value: object) -> tuple[Kind, float]:
    """Read what `bidsapp.analyses.ms.metadata.metadata_of` says; bundles from before it say nothing: none."""
    if not isinstance(value, dict) or value["kind"] not in DROPOUTS:
        raise TypeError(f"{value!r} is no dropout")
    return value["kind"], _number(value["rate"])


def read_prior(metadata: Mapping[str, object]) -> Prior | None:
    """Read how logits are adapted to a scan's load; ``None`` where the bundle does not say.

    Raises
    ------
    KeyError, TypeError
        The numbers are damaged.
    """
    told = metadata.get("prior")
    if told is None:
        return None
    if not isinstance(told, dict):
        raise TypeError("prior must hold prevalence")
    return Prior(_number(told["prevalence"]))


def read_rule(metadata: Mapping[str, object]) -> ActivityRule | None:
    """Read the rule of activity; ``None`` where activity comes from the network.

    Raises
    ------
    KeyError, TypeError, ValueError
        It is asked for and missing, or damaged.
    """
    return ActivityRule.of(metadata["activity_rule"]) if metadata.get("active_from") == "change" else None


def _sentences(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list of sentences")
    return tuple(str(item) for item in value)


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)
