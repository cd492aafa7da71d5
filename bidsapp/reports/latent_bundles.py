"""The latent spaces of the bundles that were trained into an output folder: a page each, a table of all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.files import write_text
from bidsapp.findings import Cell
from bidsapp.learning.latent.merits import judge
from bidsapp.learning.latent.projections import METHODS, project_all
from bidsapp.learning.latent.sample import LatentSample
from bidsapp.learning.latent.tables import merit_table, sweep_table
from bidsapp.reports.cohort_tables import write_rows
from bidsapp.reports.latent_page import draw_latent_page

SAMPLE = "latent_sample"


def write_latent_pages(output_dir: Path, *, seed: int = 0, simulated: bool = False) -> tuple[Path, ...]:
    """Write ``group_latent_<bundle>.html`` and, of all together, ``group_latent.tsv``.

    Bundles that were sampled at the same places and controls are compared on each of their pages.

    Parameters
    ----------
    output_dir
        With ``bundles/``.
    seed
        Of the projections.
    simulated
        Whether the pages say that the images were simulated.

    Raises
    ------
    BadDataError
        The sample of a bundle is damaged.
    """
    samples = {path.name: read_sample(Bundle.read(path)) for path in _with_samples(output_dir)}
    written: list[Path] = []
    rows: list[dict[str, Cell]] = []
    for name, sample in samples.items():
        projections = project_all(sample.flat, METHODS, seed=seed)
        merits = merit_table(judge(sample, projections))
        alike = [(other, found) for other, found in samples.items() if _comparable(found, sample)]
        sweep = sweep_table(alike, seed=seed) if len(alike) > 1 else None
        page = draw_latent_page(
            sample, projections, merits, sweep=sweep, title=f"Latent space of {name}", simulated=simulated
        )
        written.append(write_text(output_dir / f"group_latent_{name}.html", page))
        names = [column.name for column in merits.columns]
        rows += [{"bundle": name, **dict(zip(names, row, strict=True))} for row in merits.rows]
    if rows:
        written.append(write_rows(output_dir / "group_latent.tsv", rows))
    return tuple(written)


def read_sample(bundle: Bundle) -> LatentSample:
    """Read the sample that a bundle carries.

    Raises
    ------
    BadDataError
        It is damaged.
    """
    try:
        names = json.loads((bundle.path / "configs" / f"{SAMPLE}.json").read_text(encoding="utf-8"))
        arrays = {key: value.astype(np.float32) for key, value in bundle.tensors(SAMPLE).items()}
        return LatentSample(
            vectors=arrays["vectors"],
            places_mm=arrays["places_mm"],
            ages=arrays["ages"],
            scores=arrays.get("scores"),
            mean=arrays["vectors"] if "log_variance" in arrays else None,
            log_variance=arrays.get("log_variance"),
            regions=tuple(names["regions"]),
            tissues=tuple(names["tissues"]),
            subjects=tuple(names["subjects"]),
        )
    except (OSError, ValueError, KeyError, TypeError, BadDataError) as error:
        detail = str(error).partition("; ")[0].rstrip(".")
        raise BadDataError(
            f"The latent sample of {bundle.path} is damaged ({detail}); train or copy the bundle again."
        ) from error


def _with_samples(output_dir: Path) -> list[Path]:
    return sorted(path.parents[1] for path in (output_dir / "bundles").glob(f"*/models/{SAMPLE}.safetensors"))


def _comparable(first: LatentSample, second: LatentSample) -> bool:
    return first.subjects == second.subjects and np.array_equal(first.places_mm, second.places_mm)
