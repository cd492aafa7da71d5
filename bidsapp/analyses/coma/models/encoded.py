"""Patients as the tensors of a fusion network, each part on the scale of the training patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np
import torch
from torch import Tensor

from bidsapp.analyses.coma.features.protocol import Arrays, below, pack_names, prefixed, unpack_names
from bidsapp.analyses.coma.models.scales import RELATIVE, ClinicalScale, Image, SeriesScale, VolumeScale
from bidsapp.analyses.coma.models.sparse_scale import SparseScale, is_sparse
from bidsapp.analyses.coma.patient import Patient, Series
from bidsapp.networks.modalities import FusionInputs, SeriesInputs, series_name

Part = TypeVar("Part")


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoding:
    """Which parts a network reads, and their scales.

    Attributes
    ----------
    coarsen
        Voxels along each axis that are averaged first.
    volumes, series
        By key.
    clinical
        Of the covariates.
    """

    coarsen: int
    volumes: Mapping[str, VolumeScale | SparseScale]
    series: Mapping[str, SeriesScale]
    clinical: ClinicalScale

    @classmethod
    def of(cls, patients: Sequence[Patient], coarsen: int) -> Self:
        """Learn from training patients; a part is read if any of them has it."""
        series = _by_key([patient.series for patient in patients])
        volumes = _by_key([patient.volumes for patient in patients])
        return cls(
            coarsen=coarsen,
            volumes={
                key: _scale_of(key).of([coarsened(image, coarsen) for image in own])
                for key, own in volumes.items()
            },
            series={key: SeriesScale.of(own, relative=key in RELATIVE) for key, own in series.items()},
            clinical=ClinicalScale.of(patients),
        )

    def adapted(self, patients: Sequence[Patient]) -> Encoding:
        """Take the scales of volumes from other patients, who were scanned (or simulated) elsewhere."""
        own = Encoding.of(patients, self.coarsen).volumes
        return replace(self, volumes={key: own.get(key, scale) for key, scale in self.volumes.items()})

    def readable(self, patient: Patient) -> Patient:
        """Leave only volumes and signals of the training patients' kinds and regions."""
        return replace(
            patient,
            volumes={key: image for key, image in patient.volumes.items() if key in self.volumes},
            series={
                key: own
                for key, own in patient.series.items()
                if key in self.series and own.regions == self.series[key].regions
            },
        )

    def __call__(self, patients: Sequence[Patient]) -> FusionInputs:
        """Give the tensors of patients, zero where a part is missing.

        Raises
        ------
        BadDataError
            A volume has another shape, or signals are of other regions, than those of training patients.
        """
        there = {key: [key in patient.volumes for patient in patients] for key in self.volumes}
        there |= {series_name(key): [key in patient.series for patient in patients] for key in self.series}
        inputs: FusionInputs = {
            "volumes": {key: self._images(key, patients) for key in self.volumes},
            "series": {key: _padded(key, scale, patients) for key, scale in self.series.items()},
            "there": {name: torch.tensor(own) for name, own in there.items()},
        }
        values, known = self.clinical(patients)
        if values.shape[1]:
            inputs["clinical"], inputs["clinical_mask"] = torch.from_numpy(values), torch.from_numpy(known)
        return inputs

    def _images(self, key: str, patients: Sequence[Patient]) -> Tensor:
        scale = self.volumes[key]
        images = np.zeros((len(patients), 1, *scale.shape), dtype=np.float32)
        for place, patient in enumerate(patients):
            if key in patient.volumes:
                images[place, 0] = scale(coarsened(patient.volumes[key], self.coarsen))
        return torch.from_numpy(images)

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        learned = {"volumes": pack_names(tuple(self.volumes)), "series": pack_names(tuple(self.series))}
        parts = {f"volume.{key}": own.arrays() for key, own in self.volumes.items()}
        parts |= {f"signals.{key}": own.arrays() for key, own in self.series.items()}
        parts["clinical"] = self.clinical.arrays()
        return {**learned, **{k: v for name, own in parts.items() for k, v in prefixed(name, own).items()}}

    @classmethod
    def restore(cls, arrays: Arrays, coarsen: int) -> Self:
        """Take what :meth:`arrays` gave."""
        volumes, series = (unpack_names(arrays[name]) for name in ("volumes", "series"))
        return cls(
            coarsen=coarsen,
            volumes={key: _scale_of(key).restore(below(f"volume.{key}", arrays)) for key in volumes},
            series={key: SeriesScale.restore(below(f"signals.{key}", arrays)) for key in series},
            clinical=ClinicalScale.restore(below("clinical", arrays)),
        )


def rows_of(inputs: FusionInputs, rows: Tensor) -> FusionInputs:
    """Give the tensors of some of the patients."""
    chosen: FusionInputs = {
        "volumes": {key: own[rows] for key, own in inputs["volumes"].items()},
        "series": {key: _series_rows(own, rows) for key, own in inputs["series"].items()},
        "there": {key: own[rows] for key, own in inputs["there"].items()},
    }
    if "clinical" in inputs:
        chosen["clinical"], chosen["clinical_mask"] = inputs["clinical"][rows], inputs["clinical_mask"][rows]
    return chosen


def coarsened(image: Image, block: int) -> Image:
    """Average cubes of ``block`` voxels a side; what is left over at the end is left out.

    >>> coarsened(np.arange(8, dtype=np.float32).reshape(2, 2, 2), 2)
    array([[[3.5]]], dtype=float32)
    """
    if block == 1:
        return image
    x, y, z = (size // block for size in image.shape)
    cut = image[: x * block, : y * block, : z * block]
    cubes = cut.reshape(x, block, y, block, z, block)
    return np.asarray(cubes.mean(axis=(1, 3, 5)), dtype=np.float32)


def _scale_of(key: str) -> type[VolumeScale | SparseScale]:
    return SparseScale if is_sparse(key) else VolumeScale


def _by_key(parts: Sequence[Mapping[str, Part]]) -> dict[str, list[Part]]:
    keys = sorted({key for own in parts for key in own})
    return {key: [own[key] for own in parts if key in own] for key in keys}


def _padded(key: str, scale: SeriesScale, patients: Sequence[Patient]) -> SeriesInputs:
    """Give signals of patients, padded to the longest."""
    known: dict[int, Series] = {i: p.series[key] for i, p in enumerate(patients) if key in p.series}
    shape = (len(patients), max((own.times.size for own in known.values()), default=1))
    values = torch.zeros(*shape, len(scale.regions))
    times, durations = torch.zeros(shape), torch.zeros(shape)
    mask = torch.zeros(shape, dtype=torch.bool)
    for place, own in known.items():
        frames = own.times.size
        values[place, :frames] = torch.from_numpy(scale(own))
        times[place, :frames] = torch.from_numpy(own.times).float()
        durations[place, :frames] = torch.from_numpy(own.durations).float()
        mask[place, :frames] = True
    return {"values": values, "times": times, "durations": durations, "mask": mask}


def _series_rows(own: SeriesInputs, rows: Tensor) -> SeriesInputs:
    """Give some rows, cut to the longest of them."""
    mask = own["mask"][rows]
    frames = max(int(mask.sum(dim=1).max()), 1)
    return {
        "values": own["values"][rows, :frames],
        "times": own["times"][rows, :frames],
        "durations": own["durations"][rows, :frames],
        "mask": mask[:, :frames],
    }
