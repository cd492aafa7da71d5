"""What a fusion network reads of patients who each lack something, and each modality's code of one length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import torch
from torch import Tensor, nn

from bidsapp.errors import BadDataError

CLINICAL = "clinical"
SERIES = "-series"


class SeriesInputs(TypedDict):
    """Signals of a batch, padded to its longest series; see `bidsapp.networks.temporal.SeriesEncoder`."""

    values: Tensor
    times: Tensor
    durations: Tensor
    mask: Tensor


class FusionInputs(TypedDict):
    """A batch of n patients.

    Attributes
    ----------
    volumes
        By key, shape ``(n, 1, x, y, z)``; all of one grid.
    series
        By key; ``values`` of shape ``(n, frames, regions)``, the others ``(n, frames)``.
    clinical, clinical_mask
        Covariates, numbers standardised and categories one-hot, and which of them are known (booleans), both
        of shape ``(n, covariates)``; left out where the network has none.
    there
        Booleans of shape ``(n,)`` for each volume, by its key, and each series, by its key and ``-series``;
        what stands in ``volumes`` and ``series`` for the others is never looked at. A key that no patient of
        the batch has may be left out of all three.
    """

    volumes: Mapping[str, Tensor]
    series: Mapping[str, SeriesInputs]
    clinical: NotRequired[Tensor]
    clinical_mask: NotRequired[Tensor]
    there: Mapping[str, Tensor]


def series_name(key: str) -> str:
    """Name the modality of a series, as ``Patient.there`` does."""
    return key + SERIES


def presence(inputs: FusionInputs, modalities: Sequence[str]) -> Tensor:
    """Give which modalities each patient has, shape ``(n, modalities)``.

    Raises
    ------
    BadDataError
        The batch says of no modality whether it is there.
    """
    known = dict(inputs["there"])
    if "clinical_mask" in inputs:
        known[CLINICAL] = inputs["clinical_mask"].any(dim=1)
    if not known:
        raise BadDataError("A batch must say of at least one modality which patients have it.")
    nobody = torch.zeros_like(next(iter(known.values())))
    return torch.stack([known.get(name, nobody) for name in modalities], dim=1)


class ModalityDropout(nn.Module):
    """Leaves out modalities at random in training, so that the network learns to do without any of them.

    A patient keeps at least one of the modalities that are there. Drawn from torch's global generator.

    Parameters
    ----------
    rate
        Probability that a modality is left out.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, there: Tensor) -> Tensor:
        """Give which modalities stay, of shape ``(n, modalities)`` as ``there``."""
        if not self.training or not self.rate:
            return there
        luck = torch.rand(there.shape).to(there.device).where(there, -1.0)
        luckiest = luck == luck.amax(dim=1, keepdim=True)
        return there & ((luck >= self.rate) | luckiest)


class ClinicalEncoder(nn.Module):
    """One code from covariates of which any may be unknown.

    Parameters
    ----------
    covariates
        Numbers, and columns of one-hot categories.
    width
        Length of the code.
    """

    def __init__(self, covariates: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2 * covariates, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, values: Tensor, known: Tensor) -> Tensor:
        """Encode covariates, shape ``(n, covariates)``; unknown ones are 0 and flagged."""
        code: Tensor = self.layers(torch.cat([values.where(known, 0), known.to(values.dtype)], dim=1))
        return code
