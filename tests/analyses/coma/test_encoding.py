"""Volumes, regions and signals of a session as models see them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bidsapp.analyses.coma.encoding import coarse, encode, read_series
from bidsapp.analyses.coma.features.amplitude import slow_amplitude
from bidsapp.analyses.coma.features.signals import shrunk_correlation
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.images.templates import load_atlas, template_grid
from bidsapp.images.volume import Volume, write_volume

ATLAS = "neuromorphometrics"


@pytest.fixture
def member(tmp_path: Path) -> Member:
    """A brain that is the atlas: T1w of noise, and PET of 1 but 2 in the thalamus."""
    grid, atlas = template_grid(2), load_atlas(2, name=ATLAS)
    labels = np.rint(atlas.labels.data)
    thalamus = next(region.index for region in atlas.regions if region.name == "Left_Thalamus_Proper")
    brain = (labels > 0).astype(np.float32)
    t1w = np.random.default_rng(1).normal(100, 10, grid.shape).astype(np.float32)
    pet = np.where(labels == thalamus, 2.0, 1.0).astype(np.float32)
    paths = {
        key: write_volume(tmp_path / f"{key}.nii.gz", Volume(data, grid.affine))
        for key, data in {"mask": brain, "T1w": t1w, "pet": pet}.items()
    }
    return Member(subject="01", standard=paths, covariates={"age": 50.0})


def test_units_are_kept_where_there_are_any(member: Member) -> None:
    patient = encode(member, atlas=ATLAS)
    assert patient.regions["pet"]["left Thalamus Proper"] == pytest.approx(2)
    assert patient.regions["pet"]["right Thalamus Proper"] == pytest.approx(1)
    assert abs(patient.regions["T1w"]["right Thalamus Proper"]) < 0.2
    assert patient.there == {"T1w", "pet"}
    assert patient.clinical == {"age": 50.0}


def test_volumes_are_coarse_and_zero_outside(member: Member) -> None:
    volume = encode(member, atlas=ATLAS).volumes["T1w"]
    assert volume.shape == (48, 57, 48)
    assert volume[0].max() == 0
    inside = volume[volume != 0]
    assert abs(float(np.median(inside))) < 0.1


def test_blocks_are_averaged() -> None:
    image = np.arange(3 * 4 * 2, dtype=np.float32).reshape(3, 4, 2)
    expected = image[:2, :2].mean(), image[:2, 2:].mean()
    assert coarse(image).shape == (1, 2, 1)
    assert coarse(image).ravel() == pytest.approx(expected)


def test_a_constant_image_and_another_grid_are_refused(member: Member, tmp_path: Path) -> None:
    grid = template_grid(2)
    write_volume(member.standard["T1w"], Volume(np.ones(grid.shape, np.float32), grid.affine))
    with pytest.raises(BadDataError, match="sub-01: T1w is constant"):
        encode(member, atlas=ATLAS)
    write_volume(member.standard["T1w"], Volume(np.ones((4, 4, 4), np.float32), grid.affine))
    with pytest.raises(BadDataError, match="shape"):
        encode(member, atlas=ATLAS)


def test_signals_keep_their_times(make_member: Callable[..., Member]) -> None:
    series = read_series(make_member(1, 0.5).series["bold"])
    assert series.values.shape == (80, 6)
    assert series.times[:2].tolist() == [1.0, 3.0]
    assert series.durations.sum() == 160


def test_signals_of_another_length_than_their_times_are_refused(make_member: Callable[..., Member]) -> None:
    path = make_member(1, 0.5).series["bold"]
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    with pytest.raises(BadDataError, match="79 frames"):
        read_series(path)


def test_a_region_out_of_the_image_is_a_gap(make_member: Callable[..., Member]) -> None:
    path = make_member(1, 0.5).series["bold"]
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    without = ["\t".join(["n/a", *row.split("\t")[1:]]) for row in rows]
    path.write_text("\n".join([header, *without]) + "\n", encoding="utf-8")
    series = read_series(path)
    assert np.isnan(series.values[:, 0]).all()
    assert np.isfinite(series.values[:, 1:]).all()
    correlation = shrunk_correlation(series)
    assert not correlation[0, 1:].any()
    assert correlation[2, 3] > 0.1  # what two regions of one network share
    assert np.isnan(slow_amplitude(series)).tolist() == [True, *[False] * 5]
