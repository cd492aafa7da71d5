"""A sample of the latent space for the bundle: what the group report draws and judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.anomaly.covariates import age_of
from bidsapp.analyses.anomaly.features import read_volumes
from bidsapp.analyses.anomaly.learn import Controls, Found
from bidsapp.analyses.anomaly.measure import Parcels
from bidsapp.analyses.anomaly.options import TISSUES
from bidsapp.analyses.anomaly.quantities import LearnedFeatures, Strangeness
from bidsapp.cohort import Member

PLACES, SUBJECTS = 160, 30


@dataclass(frozen=True, eq=False)
class Sample:
    """The fields of :class:`bidsapp.learning.latent.sample.LatentSample`: numbers, and names."""

    arrays: dict[str, NDArray[np.generic]]
    names: dict[str, list[str]]


def sample_latent_space(
    found: Found, members: Sequence[Member], controls: Controls, parcels: Parcels
) -> Sample | None:
    """Draw places of the atlas and controls, and encode what is there.

    Parameters
    ----------
    found
        What the bundle compares, and its values in the controls: with one channel they are the score.
    members, controls
        The controls, and their volumes in the same order.

    Returns
    -------
    Sample
        ``None`` where no features are learned.
    """
    quantity = found.quantity
    from bidsapp.networks.dense import VariationalNetwork

    features = quantity.features if isinstance(quantity, Strangeness) else quantity
    if not isinstance(features, LearnedFeatures):
        return None
    encoder, space = replace(features, kind="latent"), features.seen.space
    inside = np.flatnonzero(parcels.owner >= 0)
    rng = np.random.default_rng(PLACES)  # the same places for all recipes and seeds: bundles can be compared
    places = np.sort(rng.choice(inside, min(PLACES, inside.size), replace=False))
    shown = np.unique(np.linspace(0, len(members) - 1, min(SUBJECTS, len(members))).round().astype(int))
    people = [members[index] for index in shown]
    tissues = np.mean([_tissues(member, encoder, places) for member in people], axis=0)
    voxels = np.argwhere(space.mask)[places]

    def seen(look: LearnedFeatures) -> NDArray[np.float32]:
        return np.stack([look.of(*controls[index])[places] for index in shown], axis=1)

    arrays: dict[str, NDArray[np.generic]] = {
        "vectors": seen(encoder),
        "places_mm": (voxels @ space.grid.affine[:3, :3].T + space.grid.affine[:3, 3]).astype(np.float32),
        "ages": np.array([age_of(member) or np.nan for member in people], dtype=np.float32),
    }
    if isinstance(encoder.network, VariationalNetwork):
        arrays["log_variance"] = seen(replace(features, kind="log_variance"))
    if found.values.shape[2] == 1:
        arrays["scores"] = found.values[shown][:, places, 0].T
    owners = parcels.owner[places]
    names = {
        "regions": [_region(parcels, owner) for owner in owners],
        "tissues": [TISSUES[index] for index in tissues.argmax(axis=0)],
        "subjects": [member.name for member in people],
    }
    return Sample(arrays, names)


def _tissues(member: Member, encoder: LearnedFeatures, places: NDArray[np.intp]) -> NDArray[np.float32]:
    volumes = read_volumes(member, TISSUES, encoder.seen.space)
    return np.stack([volumes[tissue][places] for tissue in TISSUES])


def _region(parcels: Parcels, owner: int) -> str:
    side = parcels.sides[owner]
    return parcels.names[owner] + ("" if side == "none" else f" ({side})")
