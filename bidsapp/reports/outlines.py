"""Outlines of masks as SVG paths: sharp at every size, and much smaller than pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def outline(plane: NDArray[np.float32], *, level: float = 0.5, scale: int = 2) -> str:
    """Trace where a plane crosses ``level`` and write it as the ``d`` of an SVG path.

    Coordinates are pixels (column, row) with pixel centres at .5, times ``scale`` and rounded to integers:
    doubled, the path needs ``scale(0.5)``. The result is empty when nothing crosses the level.
    """
    import contourpy

    if plane.max(initial=0) <= level:
        return ""
    padded = np.pad(plane, 1)
    generator = contourpy.contour_generator(z=padded, line_type=contourpy.LineType.Separate)
    return "".join(_path(np.asarray(line), scale) for line in generator.lines(level))


def _path(line: NDArray[np.float64], scale: int) -> str:
    points = np.rint((line - 0.5) * scale).astype(int)
    points = _without_straights(points)
    if len(points) < 3:
        return ""
    steps = np.diff(points, axis=0)
    moves = "".join(f"{dx}{dy}" if dy < 0 else f"{dx} {dy}" for dx, dy in steps[:1])
    for dx, dy in steps[1:]:
        moves += (f"{dx}" if dx < 0 else f" {dx}") + (f"{dy}" if dy < 0 else f" {dy}")
    return f"M{points[0, 0]} {points[0, 1]}l{moves}"


def _without_straights(points: NDArray[np.int_]) -> NDArray[np.int_]:
    """Drop repeated points, and points on the straight line between their neighbours."""
    keep = np.ones(len(points), bool)
    keep[1:] = (np.diff(points, axis=0) != 0).any(axis=1)
    points = points[keep]
    if len(points) < 3:
        return points
    before, after = points[1:-1] - points[:-2], points[2:] - points[1:-1]
    turns = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    keep = np.concatenate([[True], turns != 0, [True]])
    return points[keep]
