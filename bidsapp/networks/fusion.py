"""One network for any subset of volumes, series and covariates; fusion early, intermediate or late.

Every modality becomes a code of one length; what is missing has none, so that it cannot change anything.

- ``early``: the volumes are channels of one image, zero where missing, with flags of what is there;
- ``intermediate``: each volume has an encoder; gated attention weighs the codes;
- ``late``: each has an encoder and a prediction of its own; the network gives their mean.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from bidsapp.errors import BadDataError
from bidsapp.networks.attention import GatedAttention
from bidsapp.networks.modalities import (
    CLINICAL,
    SERIES,
    ClinicalEncoder,
    FusionInputs,
    ModalityDropout,
    presence,
    series_name,
)
from bidsapp.networks.temporal import SeriesEncoder
from bidsapp.networks.volume import SparseVolumeEncoder, VolumeEncoder

Kind = Literal["early", "intermediate", "late"]
KINDS: tuple[Kind, ...] = ("early", "intermediate", "late")
STACKED = "volumes"
PACE = 10.0


class Fused(NamedTuple):
    """A prediction, and what each code was worth to it.

    Attributes
    ----------
    outputs
        Shape ``(n, outputs)``.
    weights
        Shape ``(n, codes)``, in the order of :attr:`FusionNetwork.codes`; sums to 1 over those there.
    """

    outputs: Tensor
    weights: Tensor


class AttentiveHead(nn.Module):
    """Weighs codes by gated attention, and predicts from their sum.

    Codes are brought to one length first, so that a weight cannot be undone by a longer vector, and get a
    learned vector of their modality. What a modality is worth to all patients alike is a logit of its own; it
    is scaled by `PACE`, as in the few steps that small cohorts allow it would hardly move.
    """

    def __init__(self, codes: int, width: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.names = nn.Parameter(torch.zeros(codes, width))
        self.prior = nn.Parameter(torch.zeros(codes))
        self.attention = GatedAttention(width)
        self.last = nn.Linear(width, outputs)

    def forward(self, codes: Tensor, there: Tensor) -> Fused:
        """Predict from codes ``(n, codes, width)`` of which some are there."""
        pooled, weights = self.attention(self.norm(codes) + self.names, there, PACE * self.prior)
        return Fused(self.last(pooled), weights)


class MeanOfHeads(nn.Module):
    """Predicts from each code on its own, and gives the mean of those that are there."""

    def __init__(self, codes: int, width: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.heads = nn.ModuleList(nn.Linear(width, outputs, bias=False) for _ in range(codes))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, codes: Tensor, there: Tensor) -> Fused:
        """Predict from codes ``(n, codes, width)`` of which some are there."""
        weights = there / there.sum(dim=1, keepdim=True).clamp(min=1)
        each = torch.stack(
            [head(code) for head, code in zip(self.heads, self.norm(codes).unbind(1), strict=True)], dim=1
        )
        return Fused((weights[..., None] * each).sum(dim=1) + self.bias, weights)


class FusionNetwork(nn.Module):
    """See `fusion_network`.

    Attributes
    ----------
    modalities
        Names of all that a patient may have.
    codes
        Names of the codes that are weighed; with early fusion, one for all volumes that are stacked.
    """

    def __init__(
        self,
        stacked: Sequence[str],
        encoders: Mapping[str, nn.Module],
        head: nn.Module,
        *,
        width: int,
        modality_dropout: float,
    ) -> None:
        super().__init__()
        self.stacked = tuple(stacked)
        self.modalities = (*self.stacked, *encoders)
        self.codes = (*([STACKED] if stacked else []), *encoders)
        self.width = width
        self.dropout = ModalityDropout(modality_dropout)
        self.encoders = nn.ModuleDict(encoders)
        if stacked:
            self.stack = VolumeEncoder(len(stacked), width)
            self.flags = nn.Linear(len(stacked), width, bias=False)
        self.head = head

    def forward(self, inputs: FusionInputs) -> Fused:
        """Predict for a batch of patients, each with any subset of the modalities."""
        there = self.dropout(presence(inputs, self.modalities))
        count = len(self.stacked)
        codes = [self._encoded(inputs, name, there[:, self.modalities.index(name)]) for name in self.encoders]
        if count:
            codes.insert(0, self._encoded_stack(inputs, there[:, :count]))
            there = torch.cat([there[:, :count].any(dim=1, keepdim=True), there[:, count:]], dim=1)
        fused: Fused = self.head(torch.stack(codes, dim=1), there)
        return fused

    def _encoded(self, inputs: FusionInputs, name: str, there: Tensor) -> Tensor:
        """Give codes of a modality; zero, and not computed, for patients without it."""
        rows = there.nonzero()[:, 0]
        nothing = torch.zeros(len(there), self.width, device=there.device)
        if not len(rows):
            return nothing
        found: Tensor = self.encoders[name](*(values[rows] for values in _inputs_of(inputs, name)))
        return nothing.index_copy(0, rows, found)

    def _encoded_stack(self, inputs: FusionInputs, there: Tensor) -> Tensor:
        """Give codes of all stacked volumes as channels of one image."""
        if not bool(there.any()):
            return torch.zeros(len(there), self.width, device=there.device)
        known = inputs["volumes"]
        blank = torch.zeros_like(next(known[name] for name in self.stacked if name in known))
        images = torch.cat([known.get(name, blank) for name in self.stacked], dim=1)
        images = images.where(there[..., None, None, None], 0)
        code: Tensor = self.stack(images) + self.flags(there.to(images.dtype))
        return code


def _inputs_of(inputs: FusionInputs, name: str) -> tuple[Tensor, ...]:
    if name == CLINICAL:
        return inputs["clinical"], inputs["clinical_mask"]
    if name in inputs["volumes"]:
        return (inputs["volumes"][name],)
    series = inputs["series"][name.removesuffix(SERIES)]
    return series["values"], series["times"], series["durations"], series["mask"]


def fusion_network(
    modalities: Sequence[str],
    series: Mapping[str, int],
    n_clinical: int,
    outputs: int,
    kind: Kind,
    *,
    sparse: Collection[str] = (),
    width: int = 32,
    modality_dropout: float = 0.2,
) -> FusionNetwork:
    """Build a network that reads `FusionInputs`.

    Parameters
    ----------
    modalities
        Keys of volumes.
    series
        Number of regions of each series, by key.
    n_clinical
        Columns of clinical covariates; 0 for none.
    outputs
        Numbers predicted, as the loss asks: 1, or the thresholds of an ordinal one.
    kind
        ``early``, ``intermediate`` or ``late``.
    sparse
        Those of the volumes that are zero nearly everywhere (lesion masks, thresholded anomaly maps); they
        have a sparse encoder of their own with each kind of fusion.
    width
        Length of the codes, a multiple of four.
    modality_dropout
        Probability that training leaves a modality of a patient out.

    Raises
    ------
    BadDataError
        There is no modality at all, or ``sparse`` names one that is not among the volumes.
    """
    if unknown := sorted(set(sparse) - set(modalities)):
        raise BadDataError(f"Sparse volumes must be among the modalities; {', '.join(unknown)} is not.")
    stacked = [name for name in modalities if kind == "early" and name not in sparse]
    encoders: dict[str, nn.Module] = {
        name: (SparseVolumeEncoder if name in sparse else VolumeEncoder)(width=width)
        for name in modalities
        if name not in stacked
    }
    encoders |= {series_name(key): SeriesEncoder(regions, width) for key, regions in series.items()}
    if n_clinical:
        encoders[CLINICAL] = ClinicalEncoder(n_clinical, width)
    count = len(encoders) + bool(stacked)
    if not count:
        raise BadDataError("A fusion network needs at least one volume, series or clinical covariate.")
    head = (MeanOfHeads if kind == "late" else AttentiveHead)(count, width, outputs)
    return FusionNetwork(stacked, encoders, head, width=width, modality_dropout=modality_dropout)
