"""The declared layout of the reports, read once and typed: templates and figures have no constants."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "data" / "report"


@dataclass(frozen=True)
class Limits:
    """Sizes and counts; see ``layout.toml``."""

    subject_bytes: int
    group_bytes: int
    latent_bytes: int
    page_rows: int
    plain_rows: int
    cluster_rows: int
    dots: int
    robust_z: float
    fewest: int


@dataclass(frozen=True)
class ComparisonRules:
    """How patients are compared with controls; see ``layout.toml``."""

    fewest: int
    permutations: int
    resamples: int
    quantile: float
    level: float
    columns: tuple[str, ...]
    controls: tuple[str, ...]
    main: tuple[str, ...]
    female: tuple[str, ...]
    male: tuple[str, ...]


@dataclass(frozen=True)
class AgreementRules:
    """How predictions are compared with what was observed; see ``layout.toml``."""

    fewest: int
    fewest_in_group: int
    resamples: int
    columns: tuple[str, ...]
    bins: int
    bin_people: int
    thresholds: tuple[float, ...]


@dataclass(frozen=True)
class FrequencyRules:
    """Which masks in standard space are averaged over people, and what the map is called."""

    suffix: str
    entities: Mapping[str, str]
    file: str
    title: str


@dataclass(frozen=True)
class Mosaic:
    """How slices are cut and windowed."""

    margin_mm: float
    grey_percentiles: tuple[float, float]
    most_labels: int
    page_tiles: int
    close_up_mm: float


@dataclass(frozen=True)
class Tier:
    """Resolution (mm per pixel), WebP quality and number of the images of a report."""

    pixel_mm: float
    quality: int
    axial: int
    coronal: int
    sagittal: int
    thumbnails: int
    thumbnail_mm: float
    projection_mm: float
    slice_mm: float


@dataclass(frozen=True)
class Section:
    """A section of a session: which findings it holds, and which parts of them."""

    id: str
    title: str
    analyses: tuple[str, ...]
    parts: tuple[str, ...]
    headings: bool = True


@dataclass(frozen=True)
class Colours:
    """Colours of contours, of the crosshair, and of overlays above and below zero."""

    contour: tuple[str, ...]
    crosshair: str
    hot: tuple[str, ...]
    cold: tuple[str, ...]


@dataclass(frozen=True)
class LabelNames:
    """Names of the values of a label map, told by its suffix and ``desc``."""

    desc: str
    suffix: str
    names: Mapping[str, str]


@dataclass(frozen=True)
class Layout:
    """Everything that ``layout.toml`` declares."""

    limits: Limits
    comparison: ComparisonRules
    agreement: AgreementRules
    frequency: FrequencyRules
    steady: tuple[str, ...]
    mosaic: Mosaic
    tiers: tuple[Tier, ...]
    sections: tuple[Section, ...]
    colours: Colours
    labels: tuple[LabelNames, ...]
    words: Mapping[str, str]

    def holds(self, section: Section, analysis: str) -> bool:
        """Tell whether the findings of ``analysis`` belong into ``section``."""
        named = {name for other in self.sections for name in other.analyses}
        return analysis in section.analyses or ("*" in section.analyses and analysis not in named)


@cache
def read_layout(path: Path = FOLDER / "layout.toml") -> Layout:
    """Read a layout file.

    Raises
    ------
    KeyError, TypeError
        The file lacks a key or has one too many: a fault of the package, not of the data.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    mosaic, colours = content["mosaic"], content["colours"]
    return Layout(
        limits=Limits(**content["limits"]),
        comparison=ComparisonRules(**{name: _frozen(item) for name, item in content["comparison"].items()}),
        agreement=AgreementRules(**{name: _frozen(item) for name, item in content["agreement"].items()}),
        frequency=FrequencyRules(**content["frequency"]),
        steady=tuple(content["steady"]["measures"]),
        mosaic=Mosaic(**{**mosaic, "grey_percentiles": tuple(mosaic["grey_percentiles"])}),
        tiers=tuple(Tier(**item) for item in content["tier"]),
        sections=tuple(
            Section(**{**item, "analyses": tuple(item["analyses"]), "parts": tuple(item["parts"])})
            for item in content["section"]
        ),
        colours=Colours(
            contour=tuple(colours["contour"]),
            crosshair=colours["crosshair"],
            hot=tuple(colours["hot"]),
            cold=tuple(colours["cold"]),
        ),
        labels=tuple(LabelNames(**item) for item in content["label"]),
        words=content["words"],
    )


def _frozen(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value
