"""The model of every voxel as arrays of a bundle, and back.

Maps are kept for the analysed voxels alone: coefficients in single precision, since a deviate is a small
difference of large numbers, all else in half. Precisions are stored as standard deviations and correlations,
whose range half precision can hold; with three channels or more in single precision, so that their inverse
stays what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from bidsapp.oneclass.calibrated import CalibratedModel, PooledModel
from bidsapp.oneclass.equalise import EqualisedModel
from bidsapp.oneclass.gaussian import Gaussian
from bidsapp.oneclass.normative import NormativeModel, Sign
from bidsapp.oneclass.probability import Calibration, Form

VoxelModel = NormativeModel | CalibratedModel | PooledModel | EqualisedModel
Tensors = Mapping[str, NDArray[np.generic]]
_MANY = 3
_VOXEL_AXIS = {"sd": 0, "coefficients": 1, "tail": 0, "location": 0, "scale": 0, "shape": 0}


def model_tensors(model: VoxelModel) -> dict[str, NDArray[np.generic]]:
    """Give the arrays of a model."""
    if isinstance(model, EqualisedModel):
        scale = np.stack([model.knots, model.deviates])
        return {**model_tensors(cast("VoxelModel", model.model)), "scale_of_deviates": scale}
    if isinstance(model, PooledModel):
        return {}
    if isinstance(model, CalibratedModel):
        curve = model.calibration
        return {"location": curve.location, "scale": curve.scale, "shape": curve.shape}
    gaussian = model.gaussian
    covariance = np.linalg.inv(gaussian.precision.astype(np.float64))
    sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    correlation = covariance / (sd[:, :, None] * sd[:, None, :])
    upper = np.triu_indices(sd.shape[1], 1)
    precise = np.float32 if sd.shape[1] >= _MANY else np.float16
    return {
        "coefficients": gaussian.coefficients.astype(np.float32),
        "sd": sd.astype(precise),
        "correlation": correlation[:, upper[0], upper[1]].astype(precise),
        "gram_inverse": gaussian.gram_inverse,
        "degrees_of_freedom": np.array([gaussian.degrees_of_freedom]),
        "tail": model.tail.astype(np.float16),
    }


def check_voxels(tensors: Tensors, voxels: int) -> None:
    """Refuse the arrays of a model of another brain.

    Raises
    ------
    ValueError
        An array holds another number of voxels.
    """
    for name, axis in _VOXEL_AXIS.items():
        if name in tensors and tensors[name].shape[axis] != voxels:
            raise ValueError(f"{name} is of {tensors[name].shape[axis]} voxels, not {voxels}")


def read_model(tensors: Tensors, sign: Sign, calibration: str) -> VoxelModel:
    """Read what :func:`model_tensors` gave.

    Parameters
    ----------
    tensors
        The arrays.
    sign
        Of the quantity.
    calibration
        As in the recipe.

    Raises
    ------
    KeyError, ValueError
        An array is missing or of another shape.
    """
    model = _read_own(tensors, sign, calibration)
    if sign == "both":
        return model
    knots, deviates = tensors["scale_of_deviates"].astype(np.float64)
    return EqualisedModel(model, knots, deviates)


def _read_own(
    tensors: Tensors, sign: Sign, calibration: str
) -> NormativeModel | CalibratedModel | PooledModel:
    if calibration == "pooled":
        return PooledModel()
    if calibration != "normative":
        curves = (tensors[key].astype(np.float64) for key in ("location", "scale", "shape"))
        return CalibratedModel(Calibration(cast("Form", calibration), *curves))
    sd = tensors["sd"].astype(np.float64)
    channels = sd.shape[1]
    correlation = np.tile(np.eye(channels), (sd.shape[0], 1, 1))
    upper = np.triu_indices(channels, 1)
    correlation[:, upper[0], upper[1]] = tensors["correlation"]
    correlation[:, upper[1], upper[0]] = tensors["correlation"]
    precision = np.linalg.inv(correlation) / (sd[:, :, None] * sd[:, None, :])
    gaussian = Gaussian(
        tensors["coefficients"].astype(np.float32),
        precision.astype(np.float32),
        tensors["gram_inverse"].astype(np.float64),
        float(tensors["degrees_of_freedom"][0]),
    )
    return NormativeModel(gaussian, tensors["tail"].astype(np.float32), sign)
