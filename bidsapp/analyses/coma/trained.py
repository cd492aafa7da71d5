"""A bundle of the coma analysis, opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from bidsapp.analyses.coma.doubt import Doubt
from bidsapp.analyses.coma.features.protocol import Arrays
from bidsapp.analyses.coma.healthy import HEALTHY, Guard
from bidsapp.analyses.coma.missing import images_read, signals_read
from bidsapp.analyses.coma.models.protocol import Model
from bidsapp.analyses.coma.models.registry import MODELS, PARTS, models_with
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.patterns import PATTERNS, unpack_patterns
from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError


@dataclass(frozen=True, eq=False)
class Trained:
    """The model, its doubt, and what training said of both.

    Attributes
    ----------
    patterns
        Of a linear model whose contributions passed their control, by feature: its correlation with the
        prediction. Empty for other models, and for bundles that are older.
    guard
        Tells patients from healthy controls; ``None`` where the cohort had none, or they could not be told.
    """

    bundle: Bundle
    options: Options
    model: Model
    doubt: Doubt
    patterns: Mapping[str, float] = field(default_factory=dict)
    guard: Guard | None = None

    @property
    def facts(self) -> Mapping[str, object]:
        """The bundle's metadata."""
        return self.bundle.metadata

    @property
    def target(self) -> str:
        """Column that was learned."""
        return str(self.facts["target"])

    @property
    def volumes(self) -> bool:
        """Whether the model reads whole volumes."""
        return MODELS[self.model.name].volumes

    def lacking(self, patient: Patient) -> str:
        """Say what a patient must have for a score and does not have; empty where nothing is lacking."""
        signals = cast("Mapping[str, list[str]]", self.facts["signals"])
        for key, series in patient.series.items():
            if list(series.regions) != signals.get(key, list(series.regions)):
                return f"the {key} signals are of other regions than those of the training patients"
        needs = MODELS[self.model.name].needs
        words = [PARTS[need].words for need in needs if not PARTS[need].there(patient)]
        if words:
            return f"the patient lacks {' and '.join(words)}, which the model reads"
        known = {*signals, *cast("list[str]", self.facts["images"])}
        if not known or known & {*patient.series, *patient.regions}:
            return ""
        read = sorted({*images_read(self.facts), *signals_read(self.facts)})
        if read:
            return f"the patient lacks each of {', '.join(read)}, which the model reads"
        return (
            f"the patient lacks each of {', '.join(sorted(known))}, by which patients are compared with "
            "those of the training"
        )


def read_trained(bundle: Bundle) -> Trained:
    """Open a bundle.

    Raises
    ------
    BadDataError
        It is of another version, or damaged.
    """
    try:
        options = Options.of_bundle(bundle.metadata)
        name = str(bundle.metadata["model"])
        files: dict[str, Arrays] = {"doubt": bundle.tensors("doubt")}
        files |= {f"fold_{number}": bundle.tensors(f"fold_{number}") for number in range(options.folds)}
        if _holds(bundle, "reference"):
            files["reference"] = bundle.tensors("reference")
        make = models_with(options.learning)[name]
        model = make().restore(bundle.tensors("model"))
        patterns = unpack_patterns(bundle.tensors(PATTERNS)) if _holds(bundle, PATTERNS) else {}
        guard = Guard.restore(bundle.tensors(HEALTHY)) if _holds(bundle, HEALTHY) else None
        return Trained(bundle, options, model, Doubt.restore(make, files), patterns, guard)
    except (KeyError, IndexError) as error:
        raise BadDataError(
            f"Bundle {bundle.path} is of another version ({error} is missing); train it again."
        ) from error


def _holds(bundle: Bundle, key: str) -> bool:
    return (bundle.path / "models" / f"{key}.safetensors").is_file()
