import base64
import io

import numpy as np
from PIL import Image

from bidsapp.reports.pictures import colour_table, grey_window, lay_over, png, to_colours, to_grey, webp

HOT, COLD = ("#800000", "#ffff00"), ("#000080", "#00ffff")


def test_only_what_exceeds_the_threshold_is_coloured_by_its_sign() -> None:
    plane = np.array([[0.0, 2.9, 3.0, -3.0, np.nan, 9.0]], np.float32)
    rgba = to_colours(plane, threshold=3.0, maximum=6.0, hot=HOT, cold=COLD)
    assert (rgba[0, :, 3] > 0).tolist() == [False, False, True, True, False, True]
    assert rgba[0, 2, :3].tolist() == [128, 0, 0]
    assert rgba[0, 3, :3].tolist() == [0, 0, 128]
    assert rgba[0, 5, :3].tolist() == [255, 255, 0]


def test_a_mask_with_threshold_zero_colours_no_background() -> None:
    rgba = to_colours(np.array([[0.0, 1.0]], np.float32), threshold=0.0, maximum=1.0, hot=HOT, cold=COLD)
    assert (rgba[0, :, 3] > 0).tolist() == [False, True]


def test_window_ignores_background_and_survives_an_empty_image() -> None:
    data = np.zeros((20, 20, 20), np.float32)
    assert grey_window(data, (1, 99)) == (0.0, 1.0)
    data[5:15] = 100.0
    low, high = grey_window(data, (1, 99))
    assert low <= 100.0 <= high
    assert to_grey(np.array([[low, high]], np.float32), (low, high)).tolist() == [[0, 255]]


def test_colours_run_from_the_first_stop_to_the_last() -> None:
    table = colour_table(HOT, 5)
    assert table[0].tolist() == [128, 0, 0]
    assert table[-1].tolist() == [255, 255, 0]


def test_pictures_are_small_and_can_be_read_back() -> None:
    grey = np.tile(np.arange(200, dtype=np.uint8), (150, 1))
    uri = webp(grey, 70)
    picture = Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))
    assert picture.size == (200, 150)
    assert np.abs(np.asarray(picture.convert("L"), int) - grey).mean() < 4
    assert len(uri) < 4000


def test_an_invisible_overlay_costs_nothing() -> None:
    assert png(np.zeros((10, 10, 4), np.uint8)) == ""


def test_transparent_colours_leave_the_grey_as_it_is() -> None:
    grey = np.full((2, 2), 77, np.uint8)
    assert (lay_over(grey, np.zeros((2, 2, 4), np.uint8)) == 77).all()


def test_a_few_voxels_below_0_are_black_and_many_are_shown():
    data = np.linspace(1, 100, 8**3, dtype=np.float32).reshape(8, 8, 8)
    data[:2, :2, :2] = -50
    assert grey_window(data, (1, 99))[0] == 0
    data[:4] = -50
    assert grey_window(data, (1, 99))[0] == -50
