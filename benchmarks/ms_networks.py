"""The networks of a bundle for the benchmarks of multiple sclerosis; what they say is kept on disk.

Whole brains take minutes: the outputs (half precision) are kept by network, patient, contrasts and the very
voxels that were shown, so that several benchmarks share them and none is wrong after something changed.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from ms_patients import Array, Mask, Setting
from numpy.typing import NDArray

from bidsapp.analyses.ms.channels import IMAGES
from bidsapp.analyses.ms.inference import Output, infer
from bidsapp.analyses.ms.networks import load_network, read_prior
from bidsapp.analyses.ms.roles import subjects_of_folds
from bidsapp.bundle import Bundle
from bidsapp.files import digest_file, digest_json
from bidsapp.images.volume import Volume
from bidsapp.learning.calibration.scaling import Scaling

MODEL, BASE = "model", "base"
OUTSIDE = (-20.0, -20.0, 0.0, 0.0)


class Networks:
    """The networks of a bundle; what they say is kept in a folder and computed once."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.bundle = Bundle.read(arguments.bundle)
        self._cache: Path = arguments.cache
        self._device: str = arguments.device

    @property
    def setting(self) -> Setting:
        """The temperature and threshold of the bundle."""
        temperature, threshold = (self.bundle.metadata[key] for key in ("temperature", "threshold"))
        return Setting(Scaling(float(str(temperature))), float(str(threshold)))

    @property
    def names(self) -> tuple[str, ...]:
        """The networks that the app asks, the final one first."""
        names = self.bundle.metadata["networks"]
        assert isinstance(names, list)
        return tuple(str(name) for name in names)

    @property
    def has_base(self) -> bool:
        """Whether a network of simulated patients alone lies beside the final one, which knows real ones."""
        return (self.bundle.path / "models" / f"{BASE}.safetensors").exists()

    def without(self, subject: str) -> str:
        """Name the network that has not learned from a patient: the final one, where it knows nobody's."""
        data = self.bundle.metadata
        second = data.get("second_stage")
        if isinstance(second, dict) and second.get("kept") is False:
            return MODEL
        marked, recipe, patients = data["left_out_load_ml"], data["recipe"], data["patients"]
        assert isinstance(marked, dict)
        assert isinstance(recipe, dict)
        assert isinstance(patients, list)
        folds = subjects_of_folds(marked, int(recipe["folds"]), int(str(data["seed"])))
        for number, subjects in enumerate(folds):
            if subject in subjects and f"fold_{number}" in self.names:
                return f"fold_{number}"
        if subject in patients:
            raise SystemExit(f"No network of {self.bundle.path} was trained without {subject}.")
        return MODEL

    def read(
        self, name: str, label: str, images: Mapping[str, Array], brain: Mask, used: Collection[str] = ()
    ) -> Output:
        """Say what a network sees, from the cache where it holds the answer for these very voxels.

        Parameters
        ----------
        name
            Of the network in the bundle.
        label
            Of the examination, for the name of the file.
        images, brain
            As `bidsapp.analyses.ms.inference.infer` takes them, without affine.
        used
            Images to show; all by default.
        """
        shown = [item for item in IMAGES if item in images and (not used or item in used)]
        weights = _digest(self.bundle.path / "models" / f"{name}.safetensors")[:8]
        content = hashlib.sha256(np.packbits(brain).tobytes())
        for item in shown:
            content.update(images[item].tobytes())
        file = f"{label}_{'+'.join(shown)}_{content.hexdigest()[:8]}.npz"
        mirrored = "-mirrored" * (len(self._flips) - 1)
        prior = self.bundle.metadata.get("prior")
        adapted = f"-{digest_json(prior)[:8]}" if prior else ""
        path = self._cache / f"{name}-{weights}{mirrored}{adapted}" / file
        if not path.exists():
            print(f"running {name} on {label}: {', '.join(shown)}", file=sys.stderr, flush=True)
            _keep(path, self._infer(name, images, brain, shown), brain)
        with np.load(path) as stored:
            return _unpack(stored["voxels"], brain)

    def _infer(self, name: str, images: Mapping[str, Array], brain: Mask, used: Sequence[str]) -> Output:
        features, window = (self.bundle.metadata[key] for key in ("features", "window"))
        assert isinstance(features, list)
        network = load_network(self.bundle.path, name, tuple(features), self._device)
        volumes = {item: Volume(np.ascontiguousarray(images[item]), np.eye(4)) for item in used}
        return infer(
            network,
            volumes,
            brain,
            window=int(str(window)),
            device=self._device,
            flips=self._flips,
            prior=read_prior(self.bundle.metadata),
        )

    @property
    def _flips(self) -> tuple[bool, ...]:
        """Whether the app reads the mirrored brain too."""
        return (False, True) if self.bundle.metadata.get("test_time_augmentation", False) else (False,)


def _keep(path: Path, output: Output, brain: Mask) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    volumes = (output.lesion, output.active, output.change, output.scale)
    part = path.with_suffix(".part.npz")
    np.savez(part, voxels=np.stack([volume[brain] for volume in volumes]).astype(np.float16))
    part.replace(path)


def _unpack(voxels: NDArray[np.float16], brain: Mask) -> Output:
    volumes = [np.full(brain.shape, value, np.float32) for value in OUTSIDE]
    for volume, values in zip(volumes, voxels, strict=True):
        volume[brain] = values
    return Output(*volumes)


@cache
def _digest(path: Path) -> str:
    return digest_file(path)
