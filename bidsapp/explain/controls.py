"""Controls of an explanation: what it shows where nothing was learned.

Random weights of a trained network are drawn by :func:`bidsapp.explain.randomisation.randomised`; here are
the others (Adebayo et al. 2018, arXiv:1810.03292).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bidsapp.explain.copies import own_copy

Array = NDArray[np.float64]
Fitted = TypeVar("Fitted")


def untrained(network: nn.Module, *, seed: int) -> nn.Module:
    """Copy a network and let each layer start anew by its ``reset_parameters``; it is not changed itself.

    Raises
    ------
    ValueError
        A layer has weights and no ``reset_parameters``, so that nobody knows how it starts.
    """
    copy = own_copy(network)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name, module in copy.named_modules():
            if any(True for _ in module.parameters(recurse=False)):
                start = getattr(module, "reset_parameters", None)
                if start is None:
                    raise ValueError(f"Layer {name or type(module).__name__} does not say how it starts.")
                start()
    return copy


def fitted_to_shuffled(fit: Callable[[Array], Fitted], target: Array, *, seed: int) -> Fitted:
    """Fit a model to labels that were exchanged between patients, so that they say nothing.

    Parameters
    ----------
    fit
        From labels, shape (patients,), to what was fitted; it knows the patients.
    target
        The true labels.
    seed
        Of the exchange.
    """
    return fit(np.random.default_rng(seed).permutation(target))


def input_alone(values: Array, healthy: Array) -> Array:
    """Give how far each place is from healthy, averaged over patients: what images point at without a model.

    Parameters
    ----------
    values
        Shape (patients, *places).
    healthy
        What healthy people show, shape (*places).

    Returns
    -------
    numpy.ndarray
        Mean size of the difference, shape (*places), in the unit of the values.
    """
    return np.asarray(np.abs(values - healthy).mean(axis=0), dtype=np.float64)
