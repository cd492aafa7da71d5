"""The latent space that a trained bundle carries: read, judged, and drawn as a page of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.files import write_text
from bidsapp.findings import Table
from bidsapp.learning.latent.merits import judge
from bidsapp.learning.latent.projections import METHODS, project_all
from bidsapp.learning.latent.sample import LatentSample
from bidsapp.learning.latent.tables import merit_table, sweep_table
from bidsapp.reports.latent_page import draw_latent_page

SAMPLE = "latent_sample"


@dataclass(frozen=True, eq=False)
class LatentSpace:
    """A sample of latent vectors, its projections by method, and the figures of merit of all."""

    sample: LatentSample
    projections: Mapping[str, NDArray[np.float32]]
    merits: Table


def read_space(bundle: Bundle, *, seed: int = 0) -> LatentSpace | None:
    """Project and judge the sample of a bundle; ``None`` where it carries none.

    Raises
    ------
    BadDataError
        The sample is damaged, or cannot be judged (all vectors alike).
    """
    if not (bundle.path / "models" / f"{SAMPLE}.safetensors").is_file():
        return None
    sample = read_sample(bundle)
    projections = project_all(sample.flat, METHODS, seed=seed)
    return LatentSpace(sample, projections, merit_table(judge(sample, projections)))


def write_latent_page(
    output_dir: Path, name: str, spaces: Mapping[str, LatentSpace], *, seed: int = 0, simulated: bool = False
) -> Path:
    """Write ``group_latent_<name>.html``, beside other bundles sampled at the same places and controls.

    Parameters
    ----------
    output_dir
        Folder of the page.
    name
        Bundle that is drawn, a key of ``spaces``.
    spaces
        Of all bundles.
    seed
        Of the projections that are compared.
    simulated
        Whether the page says that the images were simulated.

    Raises
    ------
    BadDataError
        The page would be too large.
    """
    own = spaces[name]
    alike = [(other, found.sample) for other, found in spaces.items() if _comparable(found, own)]
    page = draw_latent_page(
        own.sample,
        own.projections,
        own.merits,
        sweep=sweep_table(alike, seed=seed) if len(alike) > 1 else None,
        title=f"Latent space of {name}",
        simulated=simulated,
    )
    return write_text(output_dir / f"group_latent_{name}.html", page)


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


def _comparable(first: LatentSpace, second: LatentSpace) -> bool:
    same_people = first.sample.subjects == second.sample.subjects
    return same_people and np.array_equal(first.sample.places_mm, second.sample.places_mm)
