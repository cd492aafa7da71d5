"""Says which images, signals and covariates a score was given without, and what stood in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from bidsapp.analyses.coma.features.clinical import categories_in
from bidsapp.analyses.coma.models.registry import MODELS
from bidsapp.analyses.coma.models.sparse_scale import is_sparse
from bidsapp.analyses.coma.patient import ANOMALY, Patient

if TYPE_CHECKING:
    from bidsapp.analyses.coma.trained import Trained


def what_is_missing(patient: Patient, trained: Trained) -> tuple[str, ...]:
    """Name what the model reads and the patient lacks, and categories that no training patient had."""
    read = cast("list[str]", trained.facts["covariates"])
    absent = [name for name in read if name not in patient.clinical]
    absent += [key for key in images_read(trained.facts) if key not in {*patient.regions, *patient.volumes}]
    absent += [f"{key} signals" for key in signals_read(trained.facts) if key not in patient.series]
    said = []
    if absent:
        said.append(f"The patient lacks {', '.join(absent)}; {_instead(trained)}.")
    for name, known in categories_in(trained.model.arrays()).items():
        value = patient.clinical.get(name)
        if value is not None and str(value) not in known:
            said.append(
                f"No training patient has the {name} '{value}' (they have {', '.join(known)}); "
                f"{_instead(trained)}."
            )
    return tuple(said)


def images_read(facts: Mapping[str, object]) -> list[str]:
    """Give the keys of the training patients' images that the model reads; facts are a bundle's metadata."""
    needs = set(MODELS[str(facts["model"])].needs)
    images = cast("list[str]", facts["images"])
    maps = [ANOMALY] if ANOMALY in cast("Mapping[str, str]", facts.get("reads_regions_of", {})) else []
    if needs & {"regions", "seen", "any"}:
        return [*images, *(maps if "any" in needs else [])]
    if "anomaly" in needs:
        return maps
    if needs & {"lesions", "images"}:
        return [key for key in images if is_sparse(key) == ("lesions" in needs)]
    return []


def signals_read(facts: Mapping[str, object]) -> list[str]:
    """Give the keys of the training patients' signals that the model reads."""
    needs = set(MODELS[str(facts["model"])].needs)
    signals = sorted(cast("Mapping[str, object]", facts["signals"]))
    if "seen" in needs:
        return signals
    return [key for key in signals if key == "bold"] if needs & {"bold", "networks", "any"} else []


def _instead(trained: Trained) -> str:
    """Say what the model does without: a network leaves a part out, all others read one table."""
    if trained.volumes:
        return "the network goes without"
    return "the training patients' mean was taken"
