"""Every bundle that the user names is used, or the run says why it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidsapp.bundle import Bundle
from bidsapp.bundle_checks import REQUIRED
from bidsapp.errors import UnavailableError, UsageError
from bidsapp.settings import Settings
from bidsapp.workflows.models import resolve_models


def write_bundle(path: Path, analysis: str) -> Path:
    metadata = {**dict.fromkeys(REQUIRED, "test"), "analysis": analysis, "modalities": []}
    Bundle.write(path, metadata=metadata, tensors={}, card="", licence="")
    return path


def settings(*bundles: Path, analyses: tuple[str, ...] = ()) -> Settings:
    return Settings(
        bids_dir=Path("in"),
        output_dir=Path("out"),
        levels=("participant",),
        bundles=bundles,
        analyses=analyses,
    )


def test_a_bundle_goes_before_the_packaged_one(tmp_path: Path) -> None:
    own = write_bundle(tmp_path / "own", "ms")
    (model,) = resolve_models(settings(own, analyses=("ms",)))
    assert (model.name, model.bundle.path) == ("ms", own)


def test_two_bundles_of_one_analysis_are_one_too_many(tmp_path: Path) -> None:
    one, two = (write_bundle(tmp_path / name, "ms") for name in ("one", "two"))
    with pytest.raises(UsageError, match=r"one and .*two are both for ms"):
        resolve_models(settings(one, two, analyses=("ms",)))


def test_a_bundle_of_an_analysis_that_was_not_asked_for_is_an_error(tmp_path: Path) -> None:
    own = write_bundle(tmp_path / "own", "ms")
    with pytest.raises(UsageError, match="--analysis does not name"):
        resolve_models(settings(own, analyses=("anomaly",)))


def test_a_bundle_of_the_brain_mask_serves_any_analysis(tmp_path: Path) -> None:
    own, mask = write_bundle(tmp_path / "own", "ms"), write_bundle(tmp_path / "mask", "brain")
    assert [model.name for model in resolve_models(settings(own, mask, analyses=("ms",)))] == ["ms"]


def test_a_bundle_of_an_unknown_analysis_is_an_error(tmp_path: Path) -> None:
    own = write_bundle(tmp_path / "own", "tea")
    with pytest.raises(UnavailableError, match="'tea', which is not installed"):
        resolve_models(settings(own))
