"""Which axial slices hold an enhancing lesion, without contrast agent: the design of Narayana et al. 2020.

Narayana et al., Deep learning for predicting enhancing lesions in multiple sclerosis from noncontrast MRI,
Radiology 2020, https://doi.org/10.1148/radiol.2019191061: a convolutional network after VGG-16 (Simonyan and
Zisserman 2015) scores each slice, and a fully connected network turns the scores into one of the patient.

Here it is smaller, and knows slices of any size and patients of any number of slices. Where it differs:
a quarter of VGG-16's channels; group normalisation behind each convolution, since nothing was learned before;
the largest value of each channel over the slice in place of the two layers of 4096 units; of a patient the
highest scores, sorted, in place of all slices by number.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

CHANNELS = ("T1w", "T2w", "FLAIR")
FEATURES = (16, 32, 64, 128, 128)
CONVOLUTIONS = (2, 2, 3, 3, 3)
HIGHEST = 16
RARE = -2.0


def slice_classifier(features: Sequence[int] = FEATURES, *, dropout: float = 0.5) -> nn.Module:
    """Build the classifier of slices: VGG-16's thirteen convolutions, on MONAI's blocks.

    Parameters
    ----------
    features
        Channels of the five blocks, each a multiple of four; 64, 128, 256, 512, 512 in VGG-16.
    dropout
        Rate before the last layer.

    Returns
    -------
    Module
        Takes ``(n, 3, x, y)``: axial slices of `CHANNELS`, standardised in the brain and 0 outside, 32 voxels
        or more along each axis. Gives logits, shape ``(n,)``.
    """
    from monai.networks.blocks import Convolution

    layers: list[nn.Module] = []
    before = len(CHANNELS)
    norm = ("group", {"num_groups": 4})
    for channels, count in zip(features, CONVOLUTIONS, strict=True):
        for _ in range(count):
            layers.append(Convolution(2, before, channels, norm=norm, act="relu", adn_ordering="NA"))
            before = channels
        layers.append(nn.MaxPool2d(2))
    last = nn.Linear(before, 1)
    nn.init.constant_(last.bias, RARE)
    return nn.Sequential(
        *layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Dropout(dropout), last, nn.Flatten(0)
    )


class PatientHead(nn.Module):
    """A fully connected network from the scores of a patient's slices to one of the patient.

    It starts as their maximum: a patient is ill where one slice is.

    Parameters
    ----------
    highest
        How many scores it sees, the highest ones in order.
    hidden
        Units of its inner layer.
    """

    def __init__(self, highest: int = HIGHEST, hidden: int = 8) -> None:
        super().__init__()
        self.highest = highest
        self.inner, self.last = nn.Linear(highest, hidden), nn.Linear(hidden, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, scores: Tensor) -> Tensor:
        """Score patients.

        Parameters
        ----------
        scores
            Logits of slices, shape ``(patients, slices)``, at least ``highest`` slices.

        Returns
        -------
        Tensor
            Logits, shape ``(patients,)``.
        """
        top = torch.topk(scores, self.highest, dim=1).values
        more: Tensor = self.last(self.inner(top).relu())
        return top[:, 0] + more[:, 0]
