"""What models of a table of features share: a name, and the table that they learn first."""

from __future__ import annotations

from collections.abc import Sequence

from bidsapp.analyses.coma.features.protocol import Features
from bidsapp.analyses.coma.features.table import Table


class Tabular:
    """A model of features side by side; a part that a patient lacks counts as the training patients' mean.

    Parameters
    ----------
    name, title
        See :class:`~bidsapp.analyses.coma.models.protocol.Model`.
    features
        Sets of features; each enters with the same total variance, whatever its width.
    gaps
        Whether the model sees which parts a patient lacks.
    """

    def __init__(self, name: str, title: str, features: Sequence[Features], *, gaps: bool = True) -> None:
        self.name, self.title = name, title
        self._table = Table(features, gaps=gaps)
