from dataclasses import replace

import numpy as np
import pytest
import torch

from bidsapp.analyses.ms.grid import work_space
from bidsapp.analyses.ms.heads import mni_positions, read_head
from bidsapp.errors import BadDataError
from bidsapp.images.templates import load_atlas
from bidsapp.images.transforms import matrix_to_itk
from bidsapp.images.volume import Grid, read_volume, write_volume
from bidsapp.simulate.sclerosis.anatomy import STRIDE, Region
from tests.analyses.ms.conftest import TO_MNI, grid_points, shift


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("heads")


@pytest.fixture(scope="module")
def head(make_member, kept):
    return read_head(make_member("h1", radius=0), kept)


def test_a_head_knows_the_mni_place_of_every_fourth_voxel(make_member, head):
    space = work_space(make_member("h1", radius=0))
    places = grid_points(space.grid.affine, space.grid.shape) + TO_MNI
    expected = places[::STRIDE, ::STRIDE, ::STRIDE]
    x, y, z = expected.shape[:3]
    assert np.allclose(head.position[:, :x, :y, :z].permute(1, 2, 3, 0), expected, atol=1e-3)
    assert all(
        STRIDE * (n - 1) >= full - 1 for n, full in zip(head.position.shape[1:], head.t1w.shape, strict=True)
    )


def test_places_below_the_template_are_where_they_are():
    grid = Grid((9, 9, 9), shift((-4.0, -4.0, -110.0)))  # the template ends at z = -78
    found = mni_positions(grid, matrix_to_itk(shift((0.0, 0.0, 0.0))), 4)
    assert np.allclose(found[2, 0, 0], [-110, -106, -102, -98])


def test_grey_values_tissues_and_regions_are_those_of_the_member(make_member, head):
    space = work_space(make_member("h1", radius=0))
    white = head.tissue[1] > 250
    assert head.t1w[white].float().mean() == pytest.approx(100, abs=1)
    places = grid_points(space.grid.affine, space.grid.shape) + TO_MNI
    atlas = load_atlas(1)
    index = np.rint(places - atlas.labels.affine[:3, 3]).astype(int)
    names = {region.index: region.name for region in atlas.regions}
    own = np.vectorize(lambda value: "Thalamus" in names.get(int(value), ""))(
        atlas.labels.data[tuple(np.moveaxis(index, -1, 0))]
    )
    assert own.sum() > 100
    assert ((head.region.numpy() == Region.THALAMUS) == own).mean() > 0.999


def test_what_the_atlas_calls_ventricle_is_none_without_fluid(head):
    ventricle = head.region == int(Region.VENTRICLES)
    assert ventricle.any()
    assert (head.tissue[2][ventricle] >= 76).all()


def test_a_head_is_kept_until_its_files_change(make_member, kept, tmp_path):
    member = make_member("h1", radius=0)
    before = sorted(kept.iterdir())
    read_head(member, kept)
    assert sorted(kept.iterdir()) == before
    volume = read_volume(member.native["T1w"])
    other = write_volume(tmp_path / "T1w.nii.gz", volume.with_data(volume.data * 0.5))
    changed = read_head(replace(member, native={**member.native, "T1w": other}), kept)
    assert len(list(kept.iterdir())) == len(before) + 1
    assert float(changed.t1w.max()) == pytest.approx(50, abs=1)


@pytest.mark.parametrize("missing", ["T1w", "WM", "transform"])
def test_what_a_head_lacks_is_named(make_member, kept, missing):
    member = make_member("h1", radius=0)
    lacking = (
        replace(member, transforms={})
        if missing == "transform"
        else replace(member, native={key: path for key, path in member.native.items() if key != missing})
    )
    with pytest.raises(BadDataError, match=f"sub-h1 has no {missing}"):
        read_head(lacking, kept)


def test_a_head_is_compact(head):
    assert {head.t1w.dtype, head.tissue.dtype, head.region.dtype} == {torch.uint8}
