"""CPU and GPU compared: known differences are found; without a GPU it says so and compares nothing."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from bidsapp.errors import ExitCode
from bidsapp.images.volume import Volume, write_volume
from bidsapp.workflows import device
from bidsapp.workflows.gpu_probe import View

FILE = Path(__file__).parents[1] / "benchmarks" / "gpu_agreement.py"


@pytest.fixture(scope="module")
def agreement():
    spec = importlib.util.spec_from_file_location("gpu_agreement", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_labels_are_held_against_the_one_that_agrees_least(agreement):
    first = np.zeros((10, 10, 10), np.float32)
    first[:5], first[5] = 1, 2
    second = first.copy()
    second[5, :5] = 1
    row = agreement.compare_map("sub-1_dseg.nii.gz", first, second)
    assert row.figure == pytest.approx(2 * 50 / 150)
    assert not row.agrees
    assert agreement.compare_map("sub-1_dseg.nii.gz", first, first).figure == 1


def test_maps_may_differ_in_few_voxels(agreement):
    first = np.random.default_rng(0).random((20, 20, 20)).astype(np.float32)
    second = first.copy()
    second.flat[:8] += 0.5
    row = agreement.compare_map("sub-1_probseg.nii.gz", first, second)
    assert row.largest == pytest.approx(0.5)
    assert row.figure == pytest.approx(8 / 8000)
    assert row.agrees
    second.flat[8] += 0.5
    assert not agreement.compare_map("sub-1_probseg.nii.gz", first, second).agrees


def test_not_a_number_agrees_with_itself_alone(agreement):
    first = np.ones((4, 4, 4), np.float32)
    first[0] = np.nan
    assert agreement.compare_map("sub-1_T1w.nii.gz", first, first).agrees
    assert not agreement.compare_map("sub-1_T1w.nii.gz", first, np.ones_like(first)).agrees


def test_folders_are_compared_image_by_image(agreement, tmp_path):
    volume = Volume(np.ones((4, 4, 4), np.float32), np.eye(4))
    for out in ("cpu", "gpu"):
        write_volume(tmp_path / out / "sub-1" / "anat" / "sub-1_T1w.nii.gz", volume)
    (row,) = agreement.compare(tmp_path / "cpu", tmp_path / "gpu")
    assert (row.name, row.largest, row.agrees) == ("sub-1/anat/sub-1_T1w.nii.gz", 0, True)
    write_volume(tmp_path / "gpu" / "sub-1" / "anat" / "sub-1_FLAIR.nii.gz", volume)
    with pytest.raises(FileNotFoundError, match="do not hold the same images"):
        agreement.compare(tmp_path / "cpu", tmp_path / "gpu")


@pytest.mark.parametrize("name", ["cuda", "auto"])
def test_without_a_gpu_nothing_is_compared_and_the_exit_code_says_so(
    agreement, tmp_path, monkeypatch, capsys, name
):
    monkeypatch.setattr(device, "look", lambda names: View(reason="there is none"))
    monkeypatch.setattr(sys, "argv", [FILE.name, str(tmp_path), str(tmp_path / "work"), "--device", name])
    assert agreement.main() == ExitCode.UNAVAILABLE
    assert "Nothing was compared" in capsys.readouterr().out
    assert not (tmp_path / "work").exists()
