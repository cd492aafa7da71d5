"""How processor time, memory and the page grow with the number of subjects, as a figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from scale_cost import Cost

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = ("o-", "s--")


@dataclass
class Growth:
    """What each number of subjects cost, by what was done, and the size of the group page in MB."""

    costs: dict[str, dict[int, Cost]] = field(default_factory=dict)
    page_mb: dict[int, float] = field(default_factory=dict)

    def add(self, what: str, subjects: int, cost: Cost) -> None:
        """Keep a cost."""
        self.costs.setdefault(what, {})[subjects] = cost

    def draw(self, path: Path, *, most_mb: float) -> None:
        """Plot seconds of processors, MB of memory and MB of the page; ``most_mb`` is the page's limit."""
        from matplotlib.figure import Figure

        plot = Figure(figsize=(9, 3), layout="constrained")
        seconds, memory, page = plot.subplots(1, 3)
        for style, (what, costs) in zip(STYLES, self.costs.items(), strict=False):
            _line(seconds, {size: cost.cpu for size, cost in costs.items()}, style, what)
            _line(memory, {size: cost.peak_mb or 0.0 for size, cost in costs.items()}, style, what)
        _line(page, self.page_mb, STYLES[1], "group page")
        page.axhline(most_mb, color="0.4", linestyle=":", label="limit")
        for axes, unit in (
            (seconds, "processor time (s)"),
            (memory, "largest process (MB)"),
            (page, "page (MB)"),
        ):
            axes.set_xlabel("subjects of two sessions")
            axes.set_ylabel(unit)
            axes.set_ylim(bottom=0)
            axes.legend()
        plot.savefig(path, metadata={"Date": None})


def _line(axes: Axes, values: Mapping[int, float], style: str, label: str) -> None:
    axes.plot(list(values), list(values.values()), style, label=label)
