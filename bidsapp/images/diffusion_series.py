"""From a raw diffusion series to maps: less noise, no motion, turned directions, a fit, quality figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.images.diffusion import fit_diffusion
from bidsapp.images.diffusion_noise import FEWEST, denoise
from bidsapp.images.gradients import Gradients
from bidsapp.images.volume import Volume
from bidsapp.images.volume_motion import Model, follow_head, mean_motion, put_back

OUTLIER = -4.0
"""Deviation below which a slice has lost its signal, as eddy has it (Andersson 2016, NeuroImage 141:556)."""
_LEAST_SPREAD = 0.02  # of the signal of a slice: less cannot be told from interpolation
_LEAST_VOXELS = 10  # of a slice, to judge it


@dataclass(frozen=True, eq=False)
class DiffusionMaps:
    """Maps on the grid of the series, 0 outside the brain, and what is said of it.

    Parameters
    ----------
    adc, fa
        Mean diffusivity (mm2/s), and fractional anisotropy where the directions give a tensor.
    motion_mm, outlier_slices, b0_snr
        Mean displacement of the brain; share of slices that lost their signal; mean over standard deviation
        of the volumes without weighting (``None`` where there is only one).
    notes
        Sentences for the report.
    """

    adc: Volume
    fa: Volume | None
    motion_mm: float
    outlier_slices: float
    b0_snr: float | None
    notes: tuple[str, ...]


def mean_unweighted(frames: Sequence[Volume], gradients: Gradients) -> Volume:
    """Average the volumes without diffusion weighting."""
    chosen = [frame.data for frame, b0 in zip(frames, gradients.unweighted, strict=True) if b0]
    return frames[0].with_data(np.mean(chosen, axis=0))


def map_diffusion(frames: Sequence[Volume], gradients: Gradients, mask: Volume) -> DiffusionMaps:
    """Denoise, undo motion and eddy currents, fit.

    Parameters
    ----------
    frames
        The raw series, volumes of one grid.
    gradients
        Of the volumes.
    mask
        Brain on the same grid.

    Raises
    ------
    BadDataError
        The mask is empty, a volume lies elsewhere, or nothing can be fitted.
    """
    frames, notes = _denoised(frames, mask)
    fixed = mean_unweighted(frames, gradients)
    models: list[Model] = ["rigid" if b0 else "affine" for b0 in gradients.unweighted]
    matrices = follow_head(fixed, frames, mask, models=models)
    still = [put_back(frame, matrix, mask.grid) for frame, matrix in zip(frames, matrices, strict=True)]
    inside = mask.data > 0.5
    signal = np.stack([frame.data[inside] for frame in still])
    seen = np.all(signal > 0, axis=0)  # what left the field of view in any volume has no fit
    inside[inside] = seen
    signal = signal[:, seen]
    # a head that turns makes more directions of three, but too alike for a tensor
    turned = gradients.turned_back(matrices) if gradients.gives_tensor else gradients
    found = fit_diffusion(signal, turned)
    if found.fa is None:
        notes.append("fewer than six directions: only the apparent diffusion coefficient was fitted")
    if left := int((~gradients.fitted).sum()):
        notes.append(f"{left} volumes of b above 1500 s/mm2 or without a direction were not fitted")
    return DiffusionMaps(
        adc=_placed(found.adc, inside, mask),
        fa=None if found.fa is None else _placed(found.fa, inside, mask),
        motion_mm=mean_motion(matrices, mask),
        outlier_slices=outlier_share(signal[turned.fitted], found.predicted, inside),
        b0_snr=steady_signal(signal[gradients.unweighted]),
        notes=tuple(notes),
    )


def outlier_share(
    signal: NDArray[np.floating], predicted: NDArray[np.floating], inside: NDArray[np.bool_]
) -> float:
    """Give the share of slices (third axis) whose mean lies far below what the fit expects.

    Parameters
    ----------
    signal, predicted
        Shape ``(n, v)``: volumes by voxels of the brain.
    inside
        Shape ``(x, y, z)``, with ``v`` true voxels.
    """
    place = np.nonzero(inside)[2]
    judged = [z for z in np.unique(place) if (place == z).sum() >= _LEAST_VOXELS]
    if not judged:
        return 0.0
    lost = 0
    for z in judged:
        own = place == z
        expected = predicted[:, own].mean(axis=1)
        away = (signal[:, own].mean(axis=1) - expected) / np.maximum(expected, 1e-12)
        spread = max(1.4826 * float(np.median(np.abs(away - np.median(away)))), _LEAST_SPREAD)
        lost += int(((away - np.median(away)) / spread < OUTLIER).sum())
    return lost / (len(judged) * len(signal))


def steady_signal(signal: NDArray[np.floating]) -> float | None:
    """Give the mean signal over the root mean square deviation between volumes; ``None`` for one."""
    if len(signal) < 2:
        return None
    spread = signal.std(axis=0, ddof=1)
    typical = float(np.sqrt(np.mean(np.square(spread, dtype=np.float64))))
    return float(signal.mean()) / typical if typical > 0 else None


def _denoised(frames: Sequence[Volume], mask: Volume) -> tuple[list[Volume], list[str]]:
    if len(frames) < FEWEST:
        return list(frames), [f"{len(frames)} volumes are too few to take noise out of"]
    cleaner = denoise(np.stack([frame.data for frame in frames]), mask.data > 0.5)
    return [frame.with_data(data) for frame, data in zip(frames, cleaner, strict=True)], []


def _placed(values: NDArray[np.float64], inside: NDArray[np.bool_], mask: Volume) -> Volume:
    data = np.zeros(inside.shape, dtype=np.float32)
    data[inside] = values
    return mask.with_data(data)
