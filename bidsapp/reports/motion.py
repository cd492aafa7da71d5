"""Motion of a scan over its frames, as lines; frames that were left out are shaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bidsapp.findings import Cell, Table
from bidsapp.reports.numbers import write_name, write_number

WIDTH, HEIGHT = 640.0, 72.0
LEAST = {"framewise_displacement": 0.5, "dvars": 2.0}
"""What the top of each line's scale is at least, so that a still head does not look restless."""


@dataclass(frozen=True)
class Line:
    """One measure in a box of 640 by 72: its name, unit, the top of its scale, and the points."""

    name: str
    unit: str
    top: str
    points: str


@dataclass(frozen=True)
class Motion:
    """Lines over frames.

    Attributes
    ----------
    lines
        Framewise displacement and DVARS, where the table has them.
    shaded
        Left edge and width of each run of frames that were left out.
    frames
        How many there are.
    alt
        The same in words.
    """

    lines: tuple[Line, ...]
    shaded: tuple[tuple[float, float], ...]
    frames: int
    alt: str


def draw_motion(table: Table, words: Mapping[str, str]) -> Motion | None:
    """Draw a table whose rows are frames; nothing without ``kept``, a measure, or a second frame.

    ``words`` are what people say for machine names, by :func:`bidsapp.reports.layout.read_layout`.
    """
    names = [column.name for column in table.columns]
    measures = [name for name in LEAST if name in names]
    if "kept" not in names or not measures or len(table.rows) < 2:
        return None
    kept = [bool(row[names.index("kept")]) for row in table.rows]
    lines = []
    for name in measures:
        place = names.index(name)
        values = _numbers([row[place] for row in table.rows])
        top = max(LEAST[name], *values)
        label, unit = write_name(name, words), table.columns[place].unit
        lines.append(Line(label, unit, write_number(top, 1), _points(values, top)))
    left_out = kept.count(False)
    highest = ", ".join(f"{line.name} up to {line.top} {line.unit}" for line in lines)
    return Motion(
        lines=tuple(lines),
        shaded=_runs(kept),
        frames=len(kept),
        alt=f"Motion over {len(kept)} frames, {left_out} of them left out; scale: {highest}",
    )


def _numbers(cells: Sequence[Cell]) -> list[float]:
    """Give numbers; a gap (the first frame has none before it) counts as 0."""
    return [float(cell) if isinstance(cell, int | float) else 0.0 for cell in cells]


def _points(values: Sequence[float], top: float) -> str:
    step = WIDTH / len(values)
    return " ".join(
        f"{step * (place + 0.5):.1f},{HEIGHT - 2 - (HEIGHT - 4) * value / top:.1f}"
        for place, value in enumerate(values)
    )


def _runs(kept: Sequence[bool]) -> tuple[tuple[float, float], ...]:
    """Give left edge and width of each run of frames that are not kept.

    >>> _runs([True, False, False, True])
    ((160.0, 320.0),)
    """
    step = WIDTH / len(kept)
    runs: list[tuple[int, int]] = []
    for place, own in enumerate(kept):
        if own:
            continue
        if runs and runs[-1][0] + runs[-1][1] == place:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((place, 1))
    return tuple((round(first * step, 1), round(length * step, 1)) for first, length in runs)
