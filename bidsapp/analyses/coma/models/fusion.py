"""The fusion network as a model: whole volumes, signals and the bedside, any of which may be missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.coma.features.protocol import Arrays
from bidsapp.analyses.coma.models.settings import Learning, Levels
from bidsapp.analyses.coma.models.targets import Target, inner_folds, is_outcome
from bidsapp.analyses.coma.patient import Patient, subjects_of

if TYPE_CHECKING:
    from bidsapp.analyses.coma.models.encoded import Encoding
    from bidsapp.analyses.coma.models.network_fit import Fitted

Cohort = tuple[Sequence[Patient], Target]
GATE_FOLDS = 2


def simulated_cohort(learning: Learning) -> Cohort:
    """Give the simulated patients that the recipe asks for."""
    from bidsapp.analyses.coma.simulated import simulated_patients

    return simulated_patients(learning.simulated)


class Fusion:
    """Encoders of every modality, gated attention over what is there (`bidsapp.networks.fusion`).

    A part that a patient lacks has no code and no weight. Training leaves parts out at random. An outcome is
    learned with cross-entropy, whatever the recipe's loss. Same patients, same arrays on one kind of CPU.

    With simulated patients, the network learns from them first, and keeps that start only if it brings the
    mean absolute error of inner folds of real patients down; an outcome is learned from real ones alone.

    Parameters
    ----------
    learning
        Loss, balance, curriculum, kind of fusion, epochs, and how many patients are simulated.
    simulate
        Gives those.
    """

    name = "fusion"
    _outcome: bool
    _pretrained: bool
    _fitted: Fitted

    def __init__(self, learning: Learning, simulate: Callable[[Learning], Cohort] = simulated_cohort) -> None:
        self.title = f"Fusion network, {learning.fusion}, {learning.loss}"
        self._learning = learning
        self._simulate = simulate

    @property
    def codes(self) -> tuple[str, ...]:
        """What is weighed: volumes by key (``volumes`` for all, with early fusion), series, ``clinical``."""
        return self._fitted.network.codes

    @property
    def pretrained(self) -> bool:
        """Whether learning from simulated patients first was kept."""
        return self._pretrained

    def fit(self, patients: Sequence[Patient], target: Target) -> Self:
        """Learn scales and the network, and whether simulated patients help.

        Raises
        ------
        BadDataError
            Patients have no volume, series or covariate; or a label is no level of the scale, and the loss
            is one that needs levels.
        """
        from bidsapp.analyses.coma.models.encoded import Encoding

        self._outcome = is_outcome(target)
        encoding = Encoding.of(patients, self._learning.coarsen)
        start = None
        if self._learning.simulated and not self._outcome:
            start = self._from_simulation(encoding)
            if not self._helps(start, encoding, patients, target):
                start = None
        self._pretrained = start is not None
        self._fitted = self._new(encoding, start).train(patients, target, self._learning)
        return self

    def predict(self, patients: Sequence[Patient]) -> Target:
        """Give the expected score, or the probability of the outcome."""
        return self._fitted.predict(patients)

    def weights(self, patients: Sequence[Patient]) -> NDArray[np.float64]:
        """Give the weight of each of :attr:`codes`, shape (patients, codes); 0 for what is missing.

        Weights of a patient sum to 1. With late fusion all that is there weighs the same.
        """
        return self._fitted.weights(patients)

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        flags = {"outcome": self._outcome, "pretrained": self._pretrained}
        own = {name: np.array([flag], dtype=np.uint8) for name, flag in flags.items()}
        return {**own, **self._fitted.arrays()}

    def restore(self, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        from bidsapp.analyses.coma.models.network_fit import Fitted

        self._outcome, self._pretrained = (bool(arrays[name][0]) for name in ("outcome", "pretrained"))
        self._fitted = Fitted.restore(arrays, self._learning, self._levels)
        return self

    @property
    def _levels(self) -> Levels:
        return Levels.of(self._learning, outcome=self._outcome)

    def _new(self, encoding: Encoding, start: Fitted | None = None) -> Fitted:
        """Give an untrained network, or one that starts where another ended."""
        from bidsapp.analyses.coma.models.network_fit import Fitted

        fitted = Fitted.new(encoding, self._learning, self._levels)
        if start is not None:
            fitted.network.load_state_dict(start.network.state_dict())
            fitted.loss.load_state_dict(start.loss.state_dict())
        return fitted

    def _from_simulation(self, encoding: Encoding) -> Fitted:
        """Learn from simulated patients, volumes on a scale of their own, of what real patients have."""
        patients, target = self._simulate(self._learning)
        seen = [encoding.readable(patient) for patient in patients]
        return self._new(encoding.adapted(seen)).train(seen, target, self._learning)

    def _helps(self, start: Fitted, encoding: Encoding, patients: Sequence[Patient], target: Target) -> bool:
        """Compare with and without in the same folds, on scales that know no label."""
        errors = {True: 0.0, False: 0.0}
        for train, test in islice(inner_folds(target, subjects_of(patients)), GATE_FOLDS):
            known, unknown = ([patients[place] for place in places] for places in (train, test))
            for kept in errors:
                fitted = self._new(encoding, start if kept else None)
                said = fitted.train(known, target[train], self._learning).predict(unknown)
                errors[kept] += float(np.abs(said - target[test]).sum())
        return errors[True] < errors[False]


def without(patient: Patient, code: str) -> Patient:
    """Take one of :attr:`Fusion.codes` away from a patient.

    >>> without(Patient(subject="1", clinical={"age": 40.0}), "clinical").clinical
    {}
    """
    from bidsapp.networks.fusion import STACKED
    from bidsapp.networks.modalities import CLINICAL, series_name

    if code == CLINICAL:
        return replace(patient, clinical={})
    volumes = {key: image for key, image in patient.volumes.items() if code not in (key, STACKED)}
    series = {key: own for key, own in patient.series.items() if code != series_name(key)}
    return replace(patient, volumes=volumes, series=series)
