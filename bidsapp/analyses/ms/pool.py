"""Augmented versions of real patients, made once when a stage begins, and how examples draw from them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from bidsapp.analyses.ms.augmenters import augmenters
from bidsapp.analyses.ms.marked import Version, positions
from bidsapp.analyses.ms.options import Options
from bidsapp.analyses.ms.patients import Patient
from bidsapp.errors import BadDataError
from bidsapp.simulate.sclerosis.anatomy import HealthyHead
from bidsapp.simulate.sclerosis.outlines import LesionMasks, density, density_at

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Pool:
    """Versions of patients.

    Attributes
    ----------
    shares
        By kind (``blend``, ``heal``, ``generated``), the share of the examples from patients; the others show
        the patient as scanned.
    versions
        By patient and kind.
    """

    shares: Mapping[str, float]
    versions: Mapping[Patient, Mapping[str, tuple[Version, ...]]]

    @property
    def heads(self) -> tuple[HealthyHead, ...]:
        """The healed heads, one of each patient, on which simulation can lay lesions."""
        return tuple(made["heal"][0].healed_head() for made in self.versions.values() if "heal" in made)

    def draw(self, rng: np.random.Generator, patient: Patient) -> Patient:
        """Give the patient as scanned or a version; one without versions (no mask, no T1w) as scanned."""
        made = self.versions.get(patient)
        until = np.cumsum(list(self.shares.values()))
        kind = int(np.searchsorted(until, rng.random(), side="right"))
        if made is None or kind == len(until):
            return patient
        versions = made[list(self.shares)[kind]]
        return versions[int(rng.integers(len(versions)))].patient()


def make_pool(
    patients: Sequence[Patient],
    outlines: LesionMasks | None,
    options: Options,
    folder: Path,
    *,
    seed: int,
    device: str,
) -> Pool:
    """Make the versions that a recipe asks for; nothing but ``patients`` and ``outlines`` has a part in them.

    Parameters
    ----------
    patients
        Those of the training; versions are made of all with lesion mask and T1w.
    outlines
        Lesions of the training patients, and of others, in MNI space: where added lesions come to lie.
    options
        Shares, number of versions, generator.
    folder
        For the checkpoints of the generator.
    seed
        Of everything.
    device
        Where the generator learns.

    Raises
    ------
    BadDataError
        No patient has mask and T1w, or the patients have no contrast in common.
    """
    able = [item for item in patients if item.lesion is not None and item.head is not None]
    if not able:
        raise BadDataError(
            "Nobody can be augmented: no patient of this training has a lesion mask and a T1w; set "
            "blend_share, heal_share and generated_share to 0 in the recipe."
        )
    kinds = augmenters(able, options, folder, seed=seed, device=device)
    often = density(outlines) if outlines is not None else None
    versions = {}
    for patient in able:
        prior = _prior(patient, outlines, often)
        versions[patient] = {
            kind: augmenter.make(patient, prior, options.augmented_versions, seed)
            for kind, augmenter in kinds.items()
        }
        _LOG.info("made %d versions of sub-%s", len(kinds) * options.augmented_versions, patient.subject)
    return Pool(options.augmentations, versions)


def _prior(patient: Patient, outlines: LesionMasks | None, often: Tensor | None) -> Tensor | None:
    if outlines is None or often is None or patient.head is None:
        return None
    return density_at(positions(patient.head), outlines, often)
