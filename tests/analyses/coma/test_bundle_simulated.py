"""The bundle of simulated patients, made small: it says simulated everywhere and is nobody's default."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import bidsapp
from bidsapp.analyses import registry
from bidsapp.analyses.coma.models.fusion import Fusion, without
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.predict import judge_patient
from bidsapp.analyses.coma.trained import Trained, read_trained
from bidsapp.analyses.coma.words import methods, summary, title, warnings
from bidsapp.bundle import Bundle
from bidsapp.cli.parse import parse
from bidsapp.settings import Settings
from bidsapp.simulate.coma.head import average_head
from bidsapp.simulate.coma.study import Study
from bidsapp.workflows.models import resolve_models

PACKAGED = Path(bidsapp.__file__).parent / "data" / "bundles" / "coma-simulated"
SCRIPT = Path(__file__).parents[3] / "benchmarks" / "coma_bundle_simulated.py"
CODES = ("FA", "FLAIR", "T1w", "pet", "bold-series", "clinical")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coma_bundle_simulated", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # its dataclass looks there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(script: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, tuple[Patient, ...]]:
    """Train one epoch on 20 patients of 12 mm."""
    known = script.cohort(20, [average_head(12.0)], Study(seed=1, missing=0.2))
    training = script.Training(epochs=1, folds=2, coarsen=1)
    bundle = script.make_bundle(known, training, tmp_path_factory.mktemp("b") / script.SOURCE.name)
    assert script.megabytes(bundle) < 2
    return read_trained(bundle), known.patients


def test_all_that_is_said_says_simulated(made: tuple[Trained, tuple[Patient, ...]]) -> None:
    trained, patients = made
    found = judge_patient(patients[0], trained)
    said = [
        title(trained),
        summary(found, trained),
        methods(trained),
        *warnings(found, trained, patients[0])[:1],
    ]
    assert all(text.startswith("SIMULATED: ") for text in said)
    card = (trained.bundle.path / "docs" / "README.md").read_text(encoding="utf-8")
    assert "coma-simulated" in card
    assert "SIMULATED: learned from simulated patients" in card
    assert "simulated patients" in (trained.bundle.path / "LICENSE").read_text(encoding="utf-8")


def test_any_subset_of_its_six_modalities_gets_a_score(
    script: ModuleType, made: tuple[Trained, tuple[Patient, ...]]
) -> None:
    trained, _ = made
    assert isinstance(trained.model, Fusion)
    assert trained.model.codes == CODES
    new = script.cohort(4, [average_head(12.0)], Study(seed=2))
    whole = trained.model.predict(new.patients)
    assert script.by_taken(trained, new, 0)[0] == pytest.approx(np.abs(whole - new.crsr).mean())
    mean, low, high = script.by_taken(trained, new, len(CODES) - 1)
    assert 0 <= low <= mean <= high <= 23


def test_no_analysis_takes_it_by_itself(script: ModuleType) -> None:
    bundles = [registry.load(name).bundle for name in registry.names()]
    assert script.SOURCE.name not in {bundle.name for bundle in bundles if bundle}


def test_the_packaged_one_is_small_and_taken_only_when_it_is_named(
    script: ModuleType, tmp_path: Path
) -> None:
    bundle = Bundle.read(PACKAGED)
    assert bundle.metadata["simulated"] is True
    assert script.megabytes(bundle) < 2
    words = [str(tmp_path), str(tmp_path / "out"), "participant"]
    plain = Settings(bids_dir=tmp_path, output_dir=tmp_path, levels=("participant",), analyses=("coma",))
    named = replace(plain, bundles=parse([*words, "--bundle", "coma-simulated"]).bundles)
    assert [model.bundle.name for model in resolve_models(plain)] == ["coma-restingstate"]
    assert [model.bundle.name for model in resolve_models(named)] == ["coma-simulated"]


def test_the_packaged_one_scores_new_simulated_patients_and_says_what_they_are(script: ModuleType) -> None:
    trained = read_trained(Bundle.read(PACKAGED))
    assert isinstance(trained.model, Fusion)
    assert trained.model.codes == CODES
    new = script.cohort(3, [average_head(4.0)], Study(seed=5))
    for patient in new.patients:
        seen = {key: means for key, means in patient.regions.items() if key != "pet"}
        found = judge_patient(replace(without(patient, "pet"), regions=seen), trained)
        assert found.value is not None
        assert found.interval is not None
        assert found.interval[0] <= found.value <= found.interval[1]
        assert summary(found, trained).startswith("SIMULATED: Predicted CRS-R")
    # it learned real FDG uptake, which the average head does not have
    assert "'pet spread' deviates most" in judge_patient(new.patients[0], trained).withheld
