"""A learned quantity as arrays of a bundle, and back: the network, and the machine over its features."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.anomaly.learn import untrained
from bidsapp.analyses.anomaly.learned import Learned
from bidsapp.analyses.anomaly.quantities import Intensity, LearnedFeatures, Quantity, Strangeness
from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.oneclass.machines import Machine, check_machine_fits, machine_tensors, read_machine

Arrays = dict[str, NDArray[np.generic]]


def quantity_tensors(quantity: Quantity) -> dict[str, Arrays]:
    """Give the arrays of each file: ``network`` and ``machine``, as far as there are any."""
    files: dict[str, Arrays] = {}
    if isinstance(quantity, Strangeness):
        files["machine"] = machine_tensors(quantity.machine)
        quantity = quantity.features
    if isinstance(quantity, LearnedFeatures):
        state: Mapping[str, object] = quantity.network.state_dict()
        files["network"] = {key: value.detach().cpu().numpy() for key, value in state.items()}  # type: ignore[attr-defined]
    return files


def read_quantity(bundle: Bundle, seen: Intensity, learned: Learned, device: str) -> Quantity:
    """Read what :func:`quantity_tensors` gave.

    Raises
    ------
    BadDataError
        The weights do not fit the network that the recipe names, or the machine is not one of its features.
    """
    if learned.features == "intensity":
        return seen
    import torch

    network = untrained(learned, len(seen.channels))
    weights = {key: torch.from_numpy(value) for key, value in bundle.tensors("network").items()}
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        detail = str(error).splitlines()[-1].strip()
        raise BadDataError(
            f"Bundle {bundle.path}: its network is not that of its recipe ({detail}); train or copy it again."
        ) from error
    features = LearnedFeatures(
        seen, network.eval().to(device), learned.features, learned.dimensions, device, learned.step
    )
    if learned.features == "reconstruction" or learned.score == "gaussian":
        return features
    return Strangeness(features, _machine(bundle, seen, learned), learned.score_fwhm_mm)


def _machine(bundle: Bundle, seen: Intensity, learned: Learned) -> Machine:
    try:
        machine = read_machine(learned.score, bundle.tensors("machine"))
        check_machine_fits(machine, voxels=seen.space.voxels, numbers=learned.numbers)
    except (KeyError, ValueError, IndexError) as error:
        raise BadDataError(
            f"Bundle {bundle.path}: its one-class machines are damaged ({error}); train or copy it again."
        ) from error
    return machine
