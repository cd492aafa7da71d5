import re

import numpy as np
import pytest

from bidsapp.reports.outlines import outline


def polygons(path: str) -> list[np.ndarray]:
    """Read back an SVG path of relative lines, in pixels."""
    found = []
    for part in path.split("M")[1:]:
        start, steps = part.split("l")
        points = np.array([int(item) for item in re.findall(r"-?\d+", start + " " + steps)]).reshape(-1, 2)
        found.append(np.cumsum(points, axis=0) / 2)
    return found


def area(points: np.ndarray) -> float:
    x, y = points[:, 0], points[:, 1]
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def disc(radius: float, size: int = 64) -> np.ndarray:
    grid = np.mgrid[:size, :size] + 0.5 - size / 2
    return (np.hypot(*grid) <= radius).astype(np.float32)


def test_outline_of_a_disc_encloses_its_area_around_its_centre() -> None:
    (points,) = polygons(outline(disc(20)))
    assert area(points) == pytest.approx(np.pi * 20**2, rel=0.02)
    assert points.mean(axis=0) == pytest.approx([32, 32], abs=1)


def test_outline_reaches_the_border_of_the_picture() -> None:
    (points,) = polygons(outline(np.ones((10, 20), np.float32)))
    assert area(points) == pytest.approx(200, rel=0.06)


def test_a_hole_has_an_outline_of_its_own() -> None:
    assert len(polygons(outline(disc(20) - disc(8)))) == 2


def test_an_empty_plane_has_none() -> None:
    assert outline(np.zeros((5, 5), np.float32)) == ""


def test_a_rectangle_needs_few_points() -> None:
    plane = np.zeros((100, 100), np.float32)
    plane[20:80, 20:80] = 1
    assert len(outline(plane)) < 60
