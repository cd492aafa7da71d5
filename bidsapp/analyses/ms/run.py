"""One training of the lesion network: its stages, with and without the patients whom it is judged on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.analyses.ms.left_out import helps
from bidsapp.analyses.ms.material import Material
from bidsapp.analyses.ms.options import Options
from bidsapp.analyses.ms.roles import subjects_of_folds
from bidsapp.analyses.ms.stages import Stage, run_stage

if TYPE_CHECKING:
    from torch import nn

    from bidsapp.analyses.ms.left_out import LeftOut


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a training gives.

    Attributes
    ----------
    networks
        ``base`` (simulated patients alone), ``model`` (the final one) and those of the folds, if real
        patients helped; ``model`` alone, if not.
    first, second
        What the base, and the networks that went on with real patients, say of patients left out.
    kept
        Whether real patients helped.
    """

    networks: dict[str, nn.Module]
    first: list[LeftOut]
    second: list[LeftOut]
    kept: bool

    @property
    def left_out(self) -> list[LeftOut]:
        """What the kept networks say of patients left out."""
        return self.second if self.kept else self.first


@dataclass(frozen=True, eq=False)
class Run:
    """Material and options of a training; checkpoints lie in ``work``."""

    material: Material
    options: Options
    seed: int
    work: Path
    device: str

    def learn(self, network: nn.Module) -> Outcome:
        """Run both stages from these first weights, and keep the second only where it helps."""
        base = self._simulated(network)
        first = self._read(base, self._marked)
        second: list[LeftOut] = []
        networks: dict[str, nn.Module] = {"base": base}
        for number, subjects in enumerate(self._folds() if self.options.patient_steps else ()):
            networks[f"fold_{number}"] = self._refine(base, self.material.without(frozenset(subjects)))
            second += self._read(networks[f"fold_{number}"], subjects)
        kept = helps(first, second) if self.options.patient_steps else False
        if not kept:
            return Outcome({"model": base}, first, second, kept)
        return Outcome({**networks, "model": self._refine(base, self.material)}, first, second, kept)

    @property
    def _marked(self) -> tuple[str, ...]:
        return tuple(sorted({item.subject for item in self.material.patients if item.lesion is not None}))

    def _folds(self) -> Iterator[tuple[str, ...]]:
        return subjects_of_folds(self._marked, self.options.folds, self.seed)

    def _simulated(self, network: nn.Module) -> nn.Module:
        """Learn from simulated patients, and from no real one's lesions."""
        everybody = frozenset(item.subject for item in self.material.patients)
        stage = Stage(
            steps=self.options.steps,
            learning_rate=self.options.learning_rate,
            patient_share=0.0,
            seed=self.seed,
        )
        return run_stage(
            network, stage, self.material.without(everybody), self.options, self.work, self.device
        )

    def _refine(self, base: nn.Module, material: Material) -> nn.Module:
        """Go on from the base with real patients mixed in; the base stays as it is."""
        import copy

        stage = Stage(
            steps=self.options.patient_steps if material.patients else 0,
            learning_rate=self.options.patient_learning_rate,
            patient_share=self.options.patient_share,
            seed=self.seed + 1,
        )
        network = copy.deepcopy(base).requires_grad_(True)  # averaged weights come frozen
        return run_stage(network, stage, material, self.options, self.work, self.device)

    def _read(self, network: nn.Module, subjects: tuple[str, ...]) -> list[LeftOut]:
        from bidsapp.analyses.ms.left_out import predict_left_out

        return [
            predict_left_out(
                network, item, window=self.options.crop, device=self.device, flips=self.options.flips
            )
            for item in self.material.patients
            if item.subject in subjects and item.lesion is not None
        ]
