"""Which lesions of a session would probably enhance: from the networks, or from change since the last one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.ms.channels import PRIOR
from bidsapp.analyses.ms.instances import Labels
from bidsapp.analyses.ms.networks import Trained
from bidsapp.analyses.ms.reading import Reading

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ActivityMap:
    """Probability of an active lesion in each voxel of the working grid, shape ``(x, y, z)``.

    ``low`` and ``high`` are its ends over an ensemble or draws of dropout; ``None`` with one reading.
    """

    probability: Array
    low: Array | None = None
    high: Array | None = None


def tell_activity(reading: Reading, labels: Labels, trained: Trained) -> ActivityMap | None:
    """Tell activity where the bundle can.

    Returns
    -------
    ActivityMap or None
        ``None`` where it has not learned activity, or learned it from the change of the FLAIR and there is no
        earlier one.
    """
    if not trained.activity:
        return None
    if trained.rule is not None:
        if not {"FLAIR", PRIOR} <= reading.images.keys():
            return None
        now, before = (reading.images[name].data for name in ("FLAIR", PRIOR))
        return ActivityMap(trained.rule.paint(labels, now, before, reading.space.mask.data >= 0.5))
    samples = np.stack(reading.active_samples)
    if len(samples) == 1:
        return ActivityMap(samples[0])
    return ActivityMap(samples.mean(axis=0, dtype=np.float32), samples.min(axis=0), samples.max(axis=0))
