"""Quality of an image in numbers, as MRIQC defines them (Esteban 2017, PLoS ONE 12:e0184661).

Masks and probabilities come from the brain network, so no air mask is assumed: an image may be defaced
or skull-stripped. Where MRIQC would use the air, the docstring says what is used instead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidsapp.images.volume import Volume

_BINS = 64


def signal_to_noise(volume: Volume, mask: Volume) -> float:
    r"""Give MRIQC's SNR inside a tissue: :math:`\mu / (\sigma \sqrt{n / (n - 1)})`.

    NaN where fewer than two voxels are inside or they are constant.
    """
    inside = _inside(volume, mask)
    if inside.size < 2:
        return float("nan")
    spread = float(inside.std()) * float(np.sqrt(inside.size / (inside.size - 1)))
    return float(inside.mean()) / spread if spread > 0 else float("nan")


def contrast_to_noise(volume: Volume, grey: Volume, white: Volume, *, air_sd: float | None = None) -> float:
    r"""Give MRIQC's CNR: :math:`|\mu_W - \mu_G| / \sqrt{\sigma_A^2 + \sigma_W^2 + \sigma_G^2}`.

    Parameters
    ----------
    volume
        Bias-corrected image.
    grey, white
        Masks or probabilities on the same grid; above 0.5 counts.
    air_sd
        Standard deviation of the air; 0 is used where it is not known.
    """
    g, w = _inside(volume, grey), _inside(volume, white)
    if g.size < 2 or w.size < 2:
        return float("nan")
    noise = float(np.sqrt((air_sd or 0.0) ** 2 + g.var() + w.var()))
    return abs(float(w.mean() - g.mean())) / noise if noise > 0 else float("nan")


def entropy_focus(volume: Volume) -> float:
    r"""Give the entropy focus criterion (Atkinson 1997, IEEE TMI 16:903), 0 (one bright voxel) to 1 (flat).

    :math:`E = -\sum_j (x_j / x_{max}) \ln(x_j / x_{max})`, with :math:`x_{max}^2 = \sum_j x_j^2`, divided
    by its greatest value :math:`\sqrt{n} \ln \sqrt{n}`. Ghosts and blur of motion raise it. As in MRIQC,
    voxels that are exactly 0 (the frame of a defaced or stripped image) do not count.
    """
    x = np.abs(volume.data[volume.data != 0]).astype(np.float64)
    if x.size < 2:
        return float("nan")
    share = x / np.sqrt((x**2).sum())
    return float(-(share * np.log(share)).sum() / (np.sqrt(x.size) * np.log(np.sqrt(x.size))))


def nonuniformity(field: Volume, mask: Volume) -> tuple[float, float]:
    """Give median and range (95th minus 5th percentile) of the N4 field inside the mask (MRIQC's INU)."""
    low, middle, high = np.percentile(_inside(field, mask), [5, 50, 95])
    return float(middle), float(high - low)


def mask_volume(mask: Volume) -> float:
    """Give the volume of a mask in millilitres."""
    return int((mask.data > 0.5).sum()) * mask.voxel_volume


def correlation(first: Volume, second: Volume, mask: Volume) -> float:
    """Give Pearson's correlation of two images inside a mask; NaN where one is constant."""
    a, b = _inside(first, mask), _inside(second, mask)
    if a.size < 2 or a.std() == 0 or b.std() == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def mutual_information(first: Volume, second: Volume, mask: Volume, *, bins: int = _BINS) -> float:
    """Give normalised mutual information (Studholme 1999), :math:`(H_a + H_b) / H_{ab}`, from 1 to 2.

    The histogram spans the 0.5th to 99.5th percentile of each image inside the mask.
    """
    a, b = _binned(_inside(first, mask), bins), _binned(_inside(second, mask), bins)
    joint = np.bincount(a * bins + b, minlength=bins * bins).astype(np.float64).reshape(bins, bins)
    joint /= joint.sum()
    together = _entropy(joint)
    if together == 0:
        return float("nan")
    return (_entropy(joint.sum(axis=0)) + _entropy(joint.sum(axis=1))) / together


def _binned(values: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    low, high = np.percentile(values, [0.5, 99.5])
    scaled = (values - low) / max(float(high - low), np.finfo(np.float64).tiny)
    return np.asarray(np.clip(scaled * bins, 0, bins - 1), dtype=np.int64)


def _entropy(probability: NDArray[np.float64]) -> float:
    p = probability[probability > 0]
    return float(-(p * np.log(p)).sum())


def _inside(volume: Volume, mask: Volume) -> NDArray[np.float64]:
    return volume.data[mask.data > 0.5].astype(np.float64)
