"""Weakly supervised maps: which regions carry a score, learned from the score alone.

Each patient is a bag of regions, each with its values in all images and the name of the region; a network
with attention (`bidsapp.networks.instances`) predicts the score as a sum over regions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.networks.instances import InstanceNetwork

Array = NDArray[np.float64]


class RegionTokens(NamedTuple):
    """Regions of patients as the network reads them.

    Attributes
    ----------
    values
        Shape (patients, regions, images + regions): deviations in standard deviations of the training
        patients, 0 where missing, and a 1 at the place of the region's name.
    there
        Shape (patients, regions): regions of which any image is known.
    """

    values: torch.Tensor
    there: torch.Tensor


class RegionalAttention(NamedTuple):
    """What a network says of patients' regions.

    Attributes
    ----------
    predicted
        Shape (patients,), in points.
    weights
        Shape (patients, regions): where it looks; sums to 1 over the regions that are there.
    contributions
        Shape (patients, regions): points that a region adds; negative where it lowers the score.
    """

    predicted: Array
    weights: Array
    contributions: Array


def region_tokens(anomaly: Array) -> RegionTokens:
    """Name the regions of patients.

    Parameters
    ----------
    anomaly
        Shape (patients, regions, images): deviation of each region from healthy or training people in
        standard deviations; NaN where it is missing.
    """
    known = ~np.isnan(anomaly)
    names = np.broadcast_to(np.eye(anomaly.shape[1]), (len(anomaly), anomaly.shape[1], anomaly.shape[1]))
    values = np.concatenate([np.where(known, anomaly, 0), names], axis=2)
    return RegionTokens(torch.from_numpy(values.astype(np.float32)), torch.from_numpy(known.any(axis=2)))


def fit_attention(
    tokens: RegionTokens, score: Array, *, seed: int, steps: int = 200, decay: float = 0.05
) -> InstanceNetwork:
    """Train a network on all patients, Huber's loss, AdamW.

    Parameters
    ----------
    tokens
        Of the training patients.
    score
        Shape (patients,), in points; standardised for training. The network's last layer gives points.
    seed
        Of the first weights.
    steps
        Passes over all patients.
    decay
        Of the weights.

    Raises
    ------
    BadDataError
        All patients have the same score.
    """
    mean, spread = float(score.mean()), float(score.std())
    if not spread > 0:
        raise BadDataError("Attention cannot be learned: all patients have the same score; give others.")
    target = torch.from_numpy(((score - mean) / spread).astype(np.float32))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = InstanceNetwork(tokens.values.shape[2])
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-3, weight_decay=decay)
    for _ in range(steps):
        optimiser.zero_grad()
        predicted = network(*tokens).outputs[:, 0]
        torch.nn.functional.huber_loss(predicted, target).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    with torch.no_grad():
        network.head.weight.mul_(spread)
        network.head.bias.mul_(spread).add_(mean)
    return network.eval()


def attend(network: InstanceNetwork, tokens: RegionTokens) -> RegionalAttention:
    """Say where a network looks in each patient, and how many points it finds there."""
    with torch.inference_mode():
        found = network(*tokens)
    outputs, weights, points = (part.double().numpy() for part in found)
    return RegionalAttention(outputs[:, 0], weights, points[..., 0])
