"""One door to the machines that say how normal features are at every voxel: by name, with left-out scores."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.oneclass import storing
from bidsapp.oneclass.neighbours import Density, Neighbours, fit_density, fit_neighbours
from bidsapp.oneclass.personal import personal_decision
from bidsapp.oneclass.svm import TOLERANCE, SupportVectors, SvmFit, fit_svm

Array = NDArray[np.float32]
_LOG = logging.getLogger(__name__)
MACHINES = ("svm", "density", "neighbours", "personal")


class Machine(Protocol):
    """Scores a subject; values grow with normality."""

    def decide(self, features: Array) -> Array:
        """Give the value of each voxel, shape ``(voxels,)``, for features ``(voxels, dimensions)``."""
        ...


@dataclass(frozen=True)
class PersonalMachine:
    """Learns from each subject's own brain; see :mod:`bidsapp.oneclass.personal`."""

    nu: float
    seed: int = 0

    def decide(self, features: Array) -> Array:
        """Fit on random places of this brain, and score all of them."""
        return personal_decision(features, nu=self.nu, seed=self.seed)


def fit_machine(
    name: str,
    features: Array,
    *,
    nu: float = 0.03,
    neighbours: int = 5,
    seed: int = 0,
    device: str = "cpu",
) -> tuple[Machine, Array]:
    """Fit a machine on the controls, and score each of them by the machine of the others.

    Parameters
    ----------
    name
        Of ``MACHINES``.
    features
        Shape ``(controls, voxels, dimensions)``.
    nu
        Of the one-class machines, see :func:`bidsapp.oneclass.svm.fit_svm`.
    neighbours
        How many nearest controls count.
    seed
        Of the places that a personal machine learns from.
    device
        ``cpu``, or ``cuda:N``, where support vector machines are fitted in batches; all else is of the CPU.

    Returns
    -------
    machine, left_out
        The machine of all controls; the controls' values without themselves, shape ``(controls, voxels)``.

    Raises
    ------
    BadDataError
        No such machine, too few controls, or features that are not finite.
    """
    if name == "svm":
        fit = fit_svm(features, nu=nu) if device == "cpu" else _fit_on_gpu(features, nu, device)
        assert fit.left_out is not None
        _check_convergence(fit.violation)
        controls = len(features)  # a machine's values grow with the sum of its weights, nu times its controls
        return fit.model, fit.left_out * np.float32(controls / (controls - 1))
    if name == "density":
        return fit_density(features)
    if name == "neighbours":
        return fit_neighbours(features, count=neighbours)
    if name == "personal":
        machine = PersonalMachine(nu, seed)
        return machine, np.stack([machine.decide(item) for item in features])
    raise BadDataError(f"There is no one-class machine '{name}'; choose from {', '.join(MACHINES)}.")


def _fit_on_gpu(features: Array, nu: float, device: str) -> SvmFit:
    from bidsapp.oneclass.batched import fit_batched

    return fit_batched(features, nu=nu, device=device)


def _check_convergence(violation: Array) -> None:
    """Warn of voxels whose search was given up before it reached the optimum: their values are inexact."""
    unsolved = int((violation > TOLERANCE).sum())
    if unsolved:
        _LOG.warning(
            "The one-class machines of %d of %d voxels did not converge: their optimality conditions are "
            "violated by up to %.2g, not %g; check the features there for outliers.",
            unsolved,
            violation.size,
            violation.max(),
            TOLERANCE,
        )


def machine_tensors(machine: Machine) -> dict[str, NDArray[np.generic]]:
    """Give the arrays to store; support vectors in half precision."""
    if isinstance(machine, SupportVectors):
        return storing.to_arrays(machine)
    if isinstance(machine, Density):
        return {"controls": machine.controls, "gamma": machine.gamma}
    if isinstance(machine, Neighbours):
        return {"controls": machine.controls, "count": np.array([machine.count])}
    if isinstance(machine, PersonalMachine):
        return {"nu": np.array([machine.nu]), "seed": np.array([machine.seed])}
    raise TypeError(f"{type(machine).__name__} cannot be stored.")


def check_machine_fits(machine: Machine, *, voxels: int, numbers: int) -> None:
    """Refuse machines of another brain or other features: compiled code does not look where arrays end.

    Parameters
    ----------
    machine
        As :func:`read_machine` gave it.
    voxels, numbers
        Shape of the features that it will score.

    Raises
    ------
    ValueError
        Their numbers differ, or a stored number is not finite.
    """
    if isinstance(machine, SupportVectors):
        vectors, shape = machine.vectors, (machine.rho.size, machine.vectors.shape[1])
    elif isinstance(machine, Density | Neighbours):
        vectors, shape = machine.controls, (machine.controls.shape[0], machine.controls.shape[2])
    else:
        return
    if shape != (voxels, numbers):
        raise ValueError(f"they are of {shape[0]} voxels and {shape[1]} features, not {voxels} and {numbers}")
    if not np.isfinite(vectors).all():
        raise ValueError("a number is not finite")


def read_machine(name: str, tensors: Mapping[str, NDArray[np.generic]]) -> Machine:
    """Read what :func:`machine_tensors` gave.

    Raises
    ------
    KeyError, ValueError
        An array is missing, or of another length than the others.
    """
    if name == "svm":
        return storing.from_arrays(tensors)
    if name == "personal":
        return PersonalMachine(float(tensors["nu"][0]), int(tensors["seed"][0]))
    controls = tensors["controls"].astype(np.float32)
    if name == "density":
        return Density(controls, tensors["gamma"].astype(np.float64))
    return Neighbours(controls, int(tensors["count"][0]))
