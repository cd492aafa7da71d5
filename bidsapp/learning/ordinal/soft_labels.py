"""Labels with their error: a patient scored 8 may be a 7 or a 10, and the loss should know it.

Two raters, or the same on the next day, differ on the Coma Recovery Scale-Revised such that the best mean
absolute error that can be reached is 1.0 to 1.6 points. A normal error with standard deviation s has a mean
absolute value of s sqrt(2 / pi), so s is 1.25 to 2.0; the default is that of the middle, 1.3 points.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bidsapp.errors import BadDataError

CRS_R_ERROR = 1.6
"""Standard error of one CRS-R total, points."""


def soft_labels(target: Tensor, levels: int, standard_error: float | Tensor = CRS_R_ERROR) -> Tensor:
    """Spread each label over the levels that the true score may have.

    A normal distribution about the label, integrated over each level (half a point to either side), cut at
    the ends of the scale and normalised: at the ends the mean moves inwards, as there is no worse than 0.

    Parameters
    ----------
    target
        Observed scores, shape ``(n,)``; may be fractions, such as the mean of several exams.
    levels
        K.
    standard_error
        Of one score, points: one for all, or shape ``(n,)`` where some patients were examined more often.
        Below 0.001 it counts as none.

    Returns
    -------
    Tensor
        Shape ``(n, K)``, of the type of ``target`` if that is a floating type.

    Raises
    ------
    BadDataError
        A score lies outside the scale, or a standard error is negative.
    """
    value = target if target.is_floating_point() else target.to(torch.get_default_dtype())
    error = torch.as_tensor(standard_error, dtype=value.dtype, device=value.device)
    if bool(((value < 0) | (value > levels - 1)).any()):
        raise BadDataError(f"A label lies outside 0 to {levels - 1}: correct the score or the scale.")
    if bool((error < 0).any()):
        raise BadDataError("A standard error of the label is negative: give points of the scale.")
    edges = torch.arange(levels + 1, dtype=value.dtype, device=value.device) - 0.5
    scaled = (edges - value[:, None]) / error.clamp_min(1e-3).expand(value.shape)[:, None]
    mass: Tensor = torch.special.ndtr(scaled).diff(dim=1)
    return mass / mass.sum(1, keepdim=True)


def error_of_mean(standard_error: float, exams: Tensor) -> Tensor:
    """Give the standard error of the mean of several exams, shape ``(n,)``.

    Errors of exams are taken as independent, which is right for raters and optimistic for a patient whose
    arousal is low all day.
    """
    return standard_error / exams.clamp_min(1).sqrt()
