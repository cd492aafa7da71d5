from dataclasses import replace

import numpy as np
import pytest

from bidsapp.reports.album import Album, NotShownError
from bidsapp.reports.layout import read_layout
from bidsapp.reports.projections import draw_projection, silhouette
from bidsapp.reports.scene import Scene
from bidsapp.reports.slices import PLANES, Box, Cut, Volume, pixel_of, sample, stack

from .conftest import Fixture
from .pages import Page

BOX = Box((-20.0, -30.0, -10.0), (20.0, 30.0, 10.0))


def album_of(output: Fixture, data: np.ndarray | None = None) -> Album:
    tea = output.stranger("01")
    if data is not None:
        output.image("sub-01/anat/z.nii.gz", data)
    return Album(output.path, Scene.of((output.preproc("01"), tea)), read_layout(), read_layout().tiers[0])


def test_a_stack_holds_the_slices_from_the_top_down() -> None:
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = (-20, -30, -10)
    volume = Volume(np.random.default_rng(0).random((21, 31, 11)).astype(np.float32), affine)
    planes = stack(volume, BOX, 2.0)
    assert planes.shape == (10, 30, 20)
    assert np.allclose(planes[3], sample(volume, Cut("axial", 3.0), BOX, 2.0), atol=1e-6)


@pytest.mark.parametrize("plane", PLANES)
def test_a_point_is_projected_where_the_slice_through_it_has_it(plane) -> None:
    point = (9.0, -17.0, 5.0)
    affine = np.eye(4)
    affine[:3, 3] = (-20, -30, -10)
    data = np.zeros((41, 61, 21), np.float32)
    data[29, 13, 15] = 1.0
    projected = stack(Volume(data, affine), BOX, 1.0).max(axis=PLANES.index(plane))
    row, column = np.unravel_index(projected.argmax(), projected.shape)
    expected = pixel_of(Cut(plane, 0.0), BOX, 1.0, point)
    assert (column + 0.5, row + 0.5) == pytest.approx(expected, abs=1.0)


def test_a_silhouette_is_lighter_where_the_brain_is_deeper() -> None:
    brain = np.zeros((4, 3, 3), np.float32)
    brain[:, 1, 1], brain[0, 1, 2] = 1, 1
    grey = silhouette(brain, "axial")
    assert grey[1, 1] > grey[1, 2] > grey[0, 0] == 0


def test_both_sides_of_zero_have_their_own_pictures(output: Fixture) -> None:
    data = np.zeros((16, 16, 16))
    data[8, 8, 8], data[8, 8, 6] = 6.0, -5.0
    album = album_of(output, data)
    item = next(each for each in album.scene.maps if each.display == "projection")
    figure = draw_projection(item, album)
    assert [tile.alt.split(" of ")[-1] for tile in figure.tiles[::3]] == [
        "the values below \N{MINUS SIGN}3",
        "the values above 3",
    ]
    assert all(tile.top for tile in figure.tiles)
    assert len(figure.bars) == 2


def test_one_sided_and_empty_maps_show_what_there_is(output: Fixture) -> None:
    album = album_of(output)
    item = next(each for each in album.scene.maps if each.display == "projection")
    figure = draw_projection(item, album)
    assert [tile.label for tile in figure.tiles] == [f"{plane}, above 3" for plane in PLANES]
    empty = draw_projection(replace(item, threshold=99.0), album)
    assert [tile.top for tile in empty.tiles] == [""] * 3
    assert "Nothing exceeds the threshold of 99" in empty.note


def test_without_a_mask_the_silhouette_is_that_of_the_background(output: Fixture) -> None:
    album = album_of(output)
    item = next(each for each in album.scene.maps if each.display == "projection")
    with_mask = draw_projection(item, album)
    album.scene = Scene(tuple(each for each in album.scene.maps if each.suffix != "mask"))
    assert draw_projection(item, album).tiles[0].width >= with_mask.tiles[0].width
    with pytest.raises(NotShownError):
        draw_projection(item, replace(album, scene=Scene((item,)), _boxes={}))


def test_the_page_shows_projections_and_slices(output: Fixture) -> None:
    from bidsapp.reports.subject import write_report

    output.add("01")
    page = Page(write_report(output.path, "01").read_text())
    alts = [image["alt"] for image in page.all("img")]
    assert "Coronal projection of the values above 3" in alts
    assert "Deviation: projections" in page.text
    labels = [button.get("aria-label") or "" for button in page.all("button")]
    assert any(label.startswith("Deviation, ") and "hide the coloured map" in label for label in labels)
