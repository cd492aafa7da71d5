"""What training found, as arrays of a bundle, and back; a brain at 2 mm with one channel takes about 7 MB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.anomaly.covariates import Design
from bidsapp.analyses.anomaly.measure import BINS
from bidsapp.analyses.anomaly.options import Options
from bidsapp.analyses.anomaly.quantities import Intensity, Quantity
from bidsapp.analyses.anomaly.reference import Reference
from bidsapp.analyses.anomaly.space import Space
from bidsapp.analyses.anomaly.store_model import VoxelModel, check_voxels, model_tensors, read_model
from bidsapp.analyses.anomaly.store_quantity import read_quantity
from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.images.volume import Grid
from bidsapp.oneclass.normative import Sign

Tensors = Mapping[str, NDArray[np.generic]]
_REFERENCE = ("largest", "spread", "abnormal_share", "region_share", "region_mean", "histogram", "clusters")


@dataclass(frozen=True, eq=False)
class Variant:
    """One of the bundle's models: with covariates (``adjusted``) or without (``plain``).

    ``false_clusters`` and ``false_heads`` are the clusters that a healthy person shows on average at the
    family-wise level, and the share of healthy people who show any.
    """

    design: Design
    model: VoxelModel
    reference: Reference
    false_clusters: float
    false_heads: float


@dataclass(frozen=True, eq=False)
class Trained:
    """Everything that prediction needs of a bundle."""

    options: Options
    channels: tuple[str, ...]
    space: Space
    variants: Mapping[str, Variant]
    cohort: str
    regions: tuple[int, ...]
    quantity: Quantity


def variant_tensors(variant: Variant) -> dict[str, NDArray[np.generic]]:
    """Give the arrays of one variant."""
    arrays = model_tensors(variant.model)
    arrays["false"] = np.array([variant.false_clusters, variant.false_heads])
    for key in _REFERENCE:
        arrays[f"reference.{key}"] = getattr(variant.reference, key)
    return arrays


def space_tensors(space: Space) -> dict[str, NDArray[np.generic]]:
    """Give the arrays of the analysed voxels: the mask as bits."""
    return {
        "shape": np.array(space.grid.shape, dtype=np.int64),
        "affine": space.grid.affine,
        "mask": np.packbits(space.mask),
    }


def read_trained(bundle: Bundle, device: str = "cpu") -> Trained:
    """Read a bundle of this analysis; a network of it computes on ``device``.

    Raises
    ------
    BadDataError
        It belongs to another analysis, or is damaged.
    """
    if bundle.analysis != "anomaly":
        raise BadDataError(f"Bundle {bundle.path} belongs to analysis {bundle.analysis}, not to anomaly.")
    metadata = bundle.metadata
    designs, channels = metadata.get("designs"), metadata.get("channels")
    regions = metadata.get("atlas_regions")
    if not (isinstance(designs, dict) and isinstance(channels, list) and isinstance(regions, list)):
        raise BadDataError(f"Bundle {bundle.path} lacks channels or designs; train it again.")
    try:
        options = Options.of_bundle(metadata)
        names = tuple(str(item) for item in channels)
        space = _space(bundle.tensors("space"))
        calibration = options.learned.calibration
        quantity = read_quantity(bundle, Intensity(names, space, options.fwhm_mm), options.learned, device)
        return Trained(
            options=options,
            channels=names,
            space=space,
            variants={
                key: _variant(
                    bundle.tensors(key), Design.of_metadata(content), quantity.sign, calibration, space.voxels
                )
                for key, content in designs.items()
            },
            cohort=str(metadata.get("cohort", "the controls")),
            regions=tuple(int(item) for item in regions),
            quantity=quantity,
        )
    except (KeyError, ValueError) as error:
        raise BadDataError(f"Bundle {bundle.path} is damaged ({error}); train it again.") from error


def _space(tensors: Tensors) -> Space:
    x, y, z = (int(item) for item in tensors["shape"])
    mask = np.unpackbits(tensors["mask"].astype(np.uint8), count=x * y * z).astype(bool)
    return Space(Grid((x, y, z), tensors["affine"].astype(np.float64)), mask.reshape(x, y, z))


def _variant(tensors: Tensors, design: Design, sign: Sign, calibration: str, voxels: int) -> Variant:
    check_voxels(tensors, voxels)
    arrays = {key: tensors[f"reference.{key}"] for key in _REFERENCE}
    reference = Reference(**arrays)  # type: ignore[arg-type]
    if reference.region_share.shape != reference.region_mean.shape or reference.histogram.shape != (BINS,):
        raise ValueError("its reference is not of one piece")
    model = read_model(tensors, sign, calibration)
    clusters, heads = tensors["false"].astype(np.float64).tolist()
    return Variant(design, model, reference, clusters, heads)
