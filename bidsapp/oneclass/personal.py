"""A one-class machine of one person: what differs from most of this brain (Pinon et al., MIDL 2023).

Controls teach the features; what is normal is then learned from places of the patient's own brain, most of
which are healthy. One machine for all places, so no registration is needed; a place that is unusual in every
healthy brain is unusual here too, and must be told by the controls' own maps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidsapp.oneclass.svm import Array, fit_svm


def personal_decision(features: Array, *, places: int = 500, nu: float = 0.03, seed: int = 0) -> Array:
    """Fit a machine on random places of a brain and score all of them.

    Parameters
    ----------
    features
        Of one person, shape ``(voxels, dimensions)``.
    places
        Number of voxels that the machine is fitted on.
    nu
        See `bidsapp.oneclass.svm.fit_svm`.
    seed
        Of the choice of places.

    Returns
    -------
    decision
        Shape ``(voxels,)``, positive where the place is like most of the brain.

    Raises
    ------
    BadDataError
        See `bidsapp.oneclass.svm.fit_svm`.
    """
    voxels = features.shape[0]
    rng = np.random.default_rng(seed)
    chosen: NDArray[np.int64] = np.sort(rng.choice(voxels, min(places, voxels), replace=False))
    machine = fit_svm(features[chosen][:, None], nu=nu, leave_one_out=False).model
    return machine.everywhere(features)
