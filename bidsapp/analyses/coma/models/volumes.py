"""Networks of whole volumes alone: a sparse one of lesion masks and anomaly maps, a small one of images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import numpy as np

from bidsapp.analyses.coma.features.protocol import Arrays, below, prefixed
from bidsapp.analyses.coma.models.settings import Learning, Levels
from bidsapp.analyses.coma.models.sparse_scale import is_sparse
from bidsapp.analyses.coma.models.targets import Target, is_outcome
from bidsapp.analyses.coma.patient import Patient

if TYPE_CHECKING:
    from bidsapp.analyses.coma.models.network_fit import Fitted


class VolumeNetwork:
    """One encoder of volumes with the loss that the recipe names; signals and the bedside are not looked at.

    A patient without any such volume gets what is said of nobody in particular: the network's answer to no
    code. An outcome is learned with cross-entropy, whatever the loss. Same patients, same arrays on one kind
    of CPU.

    Parameters
    ----------
    name, title
        See :class:`~bidsapp.analyses.coma.models.protocol.Model`.
    reads
        Whether it reads volumes of a key.
    learning
        Loss, balance, curriculum, standard error of the label, epochs, and how far volumes are coarsened.
    """

    _outcome: bool
    _fitted: Fitted

    def __init__(self, name: str, title: str, reads: Callable[[str], bool], learning: Learning) -> None:
        self.name, self.title = name, title
        self._reads = reads
        self._learning = learning

    def fit(self, patients: Sequence[Patient], target: Target) -> Self:
        """Learn scales and the network.

        Raises
        ------
        BadDataError
            No patient has such a volume; or a label is no level of the scale, and the loss needs levels.
        """
        from bidsapp.analyses.coma.models.encoded import Encoding
        from bidsapp.analyses.coma.models.network_fit import Fitted

        self._outcome = is_outcome(target)
        seen = self._seen(patients)
        encoding = Encoding.of(seen, self._learning.coarsen)
        fitted = Fitted.new(encoding, self._learning, self._levels)
        self._fitted = fitted.train(seen, target, self._learning)
        return self

    def predict(self, patients: Sequence[Patient]) -> Target:
        """Give the expected score, or the probability of the outcome."""
        return self._fitted.predict(self._seen(patients))

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        outcome = np.array([self._outcome], dtype=np.uint8)
        return {"outcome": outcome, **prefixed("fitted", self._fitted.arrays())}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        from bidsapp.analyses.coma.models.network_fit import Fitted

        self._outcome = bool(arrays["outcome"][0])
        self._fitted = Fitted.restore(below("fitted", arrays), self._learning, self._levels)
        return self

    @property
    def _levels(self) -> Levels:
        return Levels.of(self._learning, outcome=self._outcome)

    def _seen(self, patients: Sequence[Patient]) -> list[Patient]:
        """Leave of patients the volumes that are read."""
        return [
            replace(
                patient,
                volumes={key: image for key, image in patient.volumes.items() if self._reads(key)},
                series={},
                clinical={},
            )
            for patient in patients
        ]


def sparse_network(learning: Learning) -> VolumeNetwork:
    """Make the network that computes only where lesion masks and anomaly maps are not 0, at 4 mm."""
    title = f"Lesion masks and anomaly maps, sparse network, {learning.loss}"
    return VolumeNetwork("sparse", title, is_sparse, replace(learning, coarsen=1))


def dense_network(learning: Learning) -> VolumeNetwork:
    """Make the network that reads all other volumes as channels of one image."""
    title = f"Images, small 3-D network, {learning.loss}"
    return VolumeNetwork("volume", title, lambda key: not is_sparse(key), replace(learning, fusion="early"))
