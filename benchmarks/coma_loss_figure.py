"""Draws the error of each loss by number of patients, with exact and with noisy labels, in greys.

    python benchmarks/coma_loss_figure.py RUNS.json ... [--out docs/_static/coma_losses.svg]

``RUNS.json`` are what ``coma_loss_noise.py ... --out`` wrote; nothing is measured here. The same runs give
the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
from coma_loss_noise import LOSSES, Run, mean_of, read_runs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OUT = Path(__file__).parents[1] / "docs" / "_static" / "coma_losses.svg"
NOISES = (0.0, 4.0)
TITLES = {"simulated": "simulated patients, CRS-R 0-23", "stroke": "real strokes, NIHSS 0-42"}
EXTRA = {"huber": 2.2}  # width of the line of the rule
STYLES = {
    "huber": ("black", "-", "o"),
    "cumulative-link": ("black", "--", "s"),
    "coral": ("black", ":", "^"),
    "corn": ("black", "-.", "v"),
    "ranknet": ("0.55", "-", "D"),
    "spearman": ("0.55", "--", "P"),
    "cross-entropy": ("0.55", ":", "X"),
    "kappa": ("0.55", "-.", "*"),
}
"""Grey, dash and marker of each loss: no two share a marker, so paper without colour tells them apart."""


def draw(runs: Sequence[Run]) -> Figure:
    """Draw a row for each data set and a column for each label error; a row shares its axis."""
    from matplotlib.figure import Figure

    names = [name for name in TITLES if any(run.data == name for run in runs)]
    figure = Figure(figsize=(9, 0.6 + 3.3 * len(names)), layout="constrained")
    grid = figure.subplots(len(names), len(NOISES), squeeze=False, sharey="row")
    for (row, name), (column, noise) in product(enumerate(names), enumerate(NOISES)):
        own = [run for run in runs if (run.data, run.noise, run.aid) == (name, noise, "none")]
        draw_panel(grid[row, column], own)
        grid[row, column].set_title(f"{TITLES[name]}, label error {noise:g} points", fontsize=9)
    for panel in grid[:, 0]:
        panel.set_ylabel("mean absolute error, points")
    for panel in grid[-1]:
        panel.set_xlabel("patients to learn from")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9, handlelength=4)
    return figure


def draw_panel(panel: Axes, runs: Sequence[Run]) -> None:
    """Draw the mean over repeats of each loss."""
    sizes = sorted({run.n for run in runs})
    for loss in sorted(LOSSES, key=list(STYLES).index):
        grey, dash, marker = STYLES[loss]
        error = [mean_of([run for run in runs if (run.n, run.loss) == (n, loss)]) for n in sizes]
        panel.plot(
            sizes, error, color=grey, ls=dash, marker=marker, ms=5, lw=EXTRA.get(loss, 1.2), label=loss
        )  # fmt: skip
    panel.set_xscale("log")
    panel.set_xticks(sizes, [str(n) for n in sizes])
    panel.minorticks_off()
    panel.grid(axis="y", color="0.9", lw=0.6)
    panel.spines[["top", "right"]].set_visible(False)


def main() -> None:
    """Read, draw, write."""
    import matplotlib

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUNS.json")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    with matplotlib.rc_context({"svg.hashsalt": "bidsapp", "svg.fonttype": "none"}):
        draw(read_runs(options.runs)).savefig(options.out, metadata={"Date": None})


if __name__ == "__main__":
    main()
