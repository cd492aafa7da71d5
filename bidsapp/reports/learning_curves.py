"""How the network of a bundle learned: loss by step, as a line for the group page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.reports.numbers import write_number

WIDTH, HEIGHT = 320.0, 88.0


@dataclass(frozen=True)
class LearningCurve:
    """The loss of one training, on a logarithmic scale, in a box of 320 by 88.

    ``page`` is the file name of the bundle's latent page, or empty.
    """

    name: str
    points: str
    steps: int
    first: str
    last: str
    page: str = ""


def read_curve(bundle: Bundle) -> LearningCurve | None:
    """Draw the curve that a bundle carries; ``None`` where nothing was learned by steps.

    Raises
    ------
    BadDataError
        The curve is damaged.
    """
    points = bundle.metadata.get("learning_curve")
    if not isinstance(points, list) or len(points) < 2:
        return None
    return _draw(bundle.path.name, *_numbers(bundle.path, points))


def _numbers(folder: Path, points: list[Any]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    try:
        pairs = [(int(step), float(loss)) for step, loss in points]
    except (TypeError, ValueError) as error:
        raise BadDataError(
            f"Bundle {folder}: its learning curve is damaged; train or copy it again."
        ) from error
    return tuple(step for step, _ in pairs), tuple(loss for _, loss in pairs)


def _draw(name: str, steps: tuple[int, ...], losses: tuple[float, ...]) -> LearningCurve:
    """Scale to the box; a loss that can be negative (of adversaries) is drawn as it is."""
    values = [math.log10(loss) for loss in losses] if min(losses) > 0 else list(losses)
    low, span = min(values), max(max(values) - min(values), 1e-9)
    points = " ".join(
        f"{WIDTH * (step - steps[0]) / max(steps[-1] - steps[0], 1):.1f},"
        f"{HEIGHT - 4 - (HEIGHT - 8) * (value - low) / span:.1f}"
        for step, value in zip(steps, values, strict=True)
    )
    return LearningCurve(name, points, steps[-1], write_number(losses[0]), write_number(losses[-1]))
