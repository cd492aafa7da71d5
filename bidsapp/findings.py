"""What an analysis says of one subject: the only thing that sinks, reports and the group level read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from bidsapp.errors import BadDataError
from bidsapp.files import write_json
from bidsapp.reading import read_object

Cell = str | int | float | bool | None
Display = Literal["none", "background", "overlay", "contour", "slices", "blend", "projection"]


@dataclass(frozen=True, kw_only=True)
class Score:
    """One number about the subject.

    Attributes
    ----------
    name, description, unit
        Machine name, a sentence for people, and the unit (empty for a pure number).
    value
        The number, or ``None`` when it is not given; ``description`` then says why.
    interval
        Lower and upper end of the interval named in ``interval_meaning``.
    confidence
        In 0..1, with its meaning in ``description``.
    reference
        Quantiles 5, 50 and 95 % of the reference cohort, when there is one.
    limits
        Lowest and highest value that the measure can take, when the report is to draw the value and its
        interval between them, over the reference.
    light
        Traffic light of a quality figure; empty for all others.
    """

    name: str
    value: float | None
    description: str
    unit: str = ""
    interval: tuple[float, float] | None = None
    interval_meaning: str = ""
    confidence: float | None = None
    reference: tuple[float, float, float] | None = None
    limits: tuple[float, float] | None = None
    light: Literal["", "green", "amber", "red"] = ""


@dataclass(frozen=True, kw_only=True)
class Map:
    """One image file that the analysis made.

    Attributes
    ----------
    path
        Where the file is: in the work folder until it was written, then in the output folder.
    suffix, entities, datatype, extension
        What its BIDS name is made of; ``entities`` by short names in the order of the name
        (``space``, ``res``, ``label``, ``desc``, ...), without ``sub`` and ``ses``.
    title
        Caption in the report.
    metadata
        The sidecar; empty when there is none.
    display
        How the report shows it: ``background`` (others are drawn on it), ``overlay`` (colours
        above ``threshold``), ``projection`` (an overlay, and before it the values that lie farthest
        out along each line of sight), ``contour`` (outline of a mask), ``slices`` (outline of a mask of
        small things, on every axial slice that holds any), ``blend`` (before and after against the
        background of its space), or ``none``.
    threshold, maximum
        Range of the colours of an overlay.
    backdrop
        The image that an overlay or contour is best seen on, by its modality (``FLAIR``,
        ``ce-gadolinium_T1w``); empty for the subject's reference image of that space.
    """

    path: Path
    suffix: str
    title: str
    entities: Mapping[str, str] = field(default_factory=dict)
    datatype: str = "anat"
    extension: str = ".nii.gz"
    metadata: Mapping[str, object] = field(default_factory=dict)
    display: Display = "none"
    threshold: float = 0.0
    maximum: float | None = None
    backdrop: str = ""


@dataclass(frozen=True, kw_only=True)
class Column:
    """Name, meaning and unit of one column of a table."""

    name: str
    description: str
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows about the subject: clusters, regions, lesions.

    ``display`` tells the report what the rows are: ``clusters`` (with columns ``x``, ``y``, ``z``
    in mm RAS of the subject's own space: a thumbnail for each row), ``lesions`` (the same, close up and
    with the outline of the first map shown as ``slices``; where there are columns ``active``, ``marked``
    and ``change``, what they say stands beside the picture), ``regions`` (with columns
    ``region``, ``value``, ``q05``, ``q50``, ``q95``: a plot against controls), ``radar`` (the same
    columns and ``hemisphere``, ``left`` or ``right``: both sides around a circle), ``reasons`` (with
    columns ``feature`` and ``contribution``: a sum that makes a prediction and that passed its control; what
    a row lacks is 0; the group level gives the mean over people), ``motion`` (rows are frames; with columns
    ``kept`` and ``framewise_displacement`` or ``dvars``: lines) or ``plain``.
    """

    title: str
    suffix: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    entities: Mapping[str, str] = field(default_factory=dict)
    datatype: str = "anat"
    display: Literal["plain", "clusters", "lesions", "regions", "radar", "reasons", "motion"] = "plain"


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Scores, maps, tables and warnings of one analysis for one subject and session."""

    analysis: str
    title: str
    subject: str
    session: str | None
    summary: str
    scores: tuple[Score, ...] = ()
    maps: tuple[Map, ...] = ()
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    methods: str = ""

    def write(self, path: Path) -> Path:
        """Write as JSON, atomically."""
        return write_json(path, asdict(self, dict_factory=_plain))

    @classmethod
    def read(cls, path: Path) -> Findings:
        """Read what :meth:`write` wrote.

        Raises
        ------
        NoInputError
            The file does not exist or cannot be opened.
        BadDataError
            The file is not findings of this version.
        """
        try:
            content: dict[str, Any] = read_object(path)
            content["scores"] = tuple(_score(item) for item in content["scores"])
            content["maps"] = tuple(Map(**{**item, "path": Path(item["path"])}) for item in content["maps"])
            content["tables"] = tuple(_table(item) for item in content["tables"])
            content["warnings"] = tuple(content["warnings"])
            return cls(**content)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadDataError(f"{path} does not hold findings ({error}); run participant again.") from error


def _plain(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return {key: str(value) if isinstance(value, Path) else value for key, value in pairs}


def _score(content: dict[str, Any]) -> Score:
    for key in ("interval", "reference", "limits"):
        content[key] = tuple(content[key]) if content.get(key) is not None else None
    return Score(**content)


def _table(content: dict[str, Any]) -> Table:
    content["columns"] = tuple(Column(**column) for column in content["columns"])
    content["rows"] = tuple(tuple(row) for row in content["rows"])
    return Table(**content)
