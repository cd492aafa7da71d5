"""What the group page shows of the bundles trained into an output folder; damaged ones are only named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError, UnavailableError
from bidsapp.findings import Cell
from bidsapp.reports.cohort_tables import write_rows
from bidsapp.reports.latent_bundles import LatentSpace, read_space, write_latent_page
from bidsapp.reports.learning_curves import LearningCurve, read_curve
from bidsapp.reports.reliability import ReliabilityPlot, read_reliability


@dataclass(frozen=True)
class TrainedBundles:
    """Curves of learning and reliability, files of the latent spaces, a sentence for each bundle left out."""

    curves: tuple[LearningCurve, ...]
    reliability: tuple[ReliabilityPlot, ...]
    written: tuple[Path, ...]
    left_out: tuple[str, ...]


def write_trained_bundles(output_dir: Path, *, seed: int = 0, simulated: bool = False) -> TrainedBundles:
    """Read ``bundles/``; write a page for each latent space and ``group_latent.tsv`` of all.

    Parameters
    ----------
    output_dir
        With ``bundles/``; without, there is nothing to show.
    seed
        Of the projections.
    simulated
        Whether the pages say that the images were simulated.
    """
    curves: list[LearningCurve] = []
    plots: list[ReliabilityPlot] = []
    spaces: dict[str, LatentSpace] = {}
    left_out: list[str] = []
    for folder in _folders(output_dir):
        try:
            bundle = Bundle.read(folder)
            curve, space = read_curve(bundle), read_space(bundle, seed=seed)
            plot = read_reliability(bundle)
        except (BadDataError, UnavailableError) as error:
            left_out.append(f"Bundle {folder.name} is left out. {error}")
            continue
        if curve is not None:
            curves.append(curve)
        if plot is not None:
            plots.append(plot)
        if space is not None:
            spaces[folder.name] = space
    pages = {
        name: write_latent_page(output_dir, name, spaces, seed=seed, simulated=simulated) for name in spaces
    }
    linked = (replace(curve, page=pages[curve.name].name if curve.name in pages else "") for curve in curves)
    return TrainedBundles(
        tuple(linked), tuple(plots), (*pages.values(), *_write_merits(output_dir, spaces)), tuple(left_out)
    )


def _folders(output_dir: Path) -> list[Path]:
    """Give what looks like a bundle, whole or not; hidden folders are drafts of a writing that was killed."""
    parts = [path for kind in ("configs", "models") for path in (output_dir / "bundles").glob(f"*/{kind}")]
    return sorted({path.parent for path in parts if not path.parent.name.startswith(".")}, key=_by_setting)


def _by_setting(folder: Path) -> tuple[str, float, str]:
    """Order a sweep (``<analysis>_<key>-<value>``) by its numbers: 1e-5 comes before 0.001."""
    swept, _, value = folder.name.partition("-")
    try:
        return swept, float(value), value
    except ValueError:
        return swept, math.inf, value


def _write_merits(output_dir: Path, spaces: Mapping[str, LatentSpace]) -> tuple[Path, ...]:
    rows: list[dict[str, Cell]] = []
    for name, space in spaces.items():
        names = [column.name for column in space.merits.columns]
        rows += [{"bundle": name, **dict(zip(names, row, strict=True))} for row in space.merits.rows]
    return (write_rows(output_dir / "group_latent.tsv", rows),) if rows else ()
