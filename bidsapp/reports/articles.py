"""Turns the findings of one analysis into what a template shows; any stranger's findings will do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bidsapp.findings import Findings, Score, Table
from bidsapp.reports.album import Album
from bidsapp.reports.bands import Band, Region, place_in_band, read_regions
from bidsapp.reports.figures import draw_figures
from bidsapp.reports.layout import Layout, Section
from bidsapp.reports.mosaic import Figure
from bidsapp.reports.motion import Motion, draw_motion
from bidsapp.reports.numbers import decimals_of, is_numeric, write_cells, write_name, write_number
from bidsapp.reports.radar import Radar, draw_radar
from bidsapp.reports.ranges import Range, draw_range
from bidsapp.reports.thumbnails import Thumbnail, draw_thumbnails, write_marks


@dataclass(frozen=True)
class ScoreRow:
    """One score as text, with its place on the reference's band, or on the range of the measure."""

    label: str
    description: str
    value: str
    unit: str
    interval: str
    interval_meaning: str
    confidence: str
    band: Band | None
    range: Range | None
    reference: str
    light: str


@dataclass(frozen=True)
class TableColumn:
    """Heading of a column."""

    label: str
    unit: str
    description: str
    numeric: bool


@dataclass(frozen=True)
class TableView:
    """A table as text, with thumbnails, or as a picture where it asks for one."""

    title: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    thumbnails: tuple[Thumbnail | None, ...] = ()
    marks: tuple[tuple[str, ...], ...] = ()
    regions: tuple[Region, ...] = ()
    radar: Radar | None = None
    motion: Motion | None = None


@dataclass(frozen=True)
class Article:
    """What a section shows of one analysis."""

    anchor: str
    title: str
    heading: bool
    summary: str
    warnings: tuple[str, ...]
    scores: tuple[ScoreRow, ...]
    figures: tuple[Figure, ...]
    tables: tuple[TableView, ...]
    problems: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show but the heading."""
        held = (self.summary, self.warnings, self.scores, self.figures, self.tables, self.problems)
        return not any(held)


def make_article(findings: Findings, section: Section, album: Album, anchor: str) -> Article:
    """Make what ``section`` shows of ``findings``."""
    parts, layout = section.parts, album.layout
    figures, problems = draw_figures(findings.maps, album) if "figures" in parts else ([], [])
    tables = []
    for table in findings.tables if "tables" in parts else ():
        view, problem = make_table(table, findings, album)
        tables.append(view)
        problems += [problem] if problem else []
    return Article(
        anchor=anchor,
        title=findings.title,
        heading=section.headings,
        summary=findings.summary if "summary" in parts else "",
        warnings=findings.warnings if "warnings" in parts else (),
        scores=make_scores(findings.scores, layout) if "scores" in parts else (),
        figures=tuple(figures),
        tables=tuple(tables),
        problems=tuple(dict.fromkeys(problems)),
    )


def make_scores(scores: Sequence[Score], layout: Layout) -> tuple[ScoreRow, ...]:
    """Write scores as text; a description that several share is written once."""
    rows: list[ScoreRow] = []
    seen: set[str] = set()
    for score in scores:
        row = make_score(score, layout)
        rows.append(replace(row, description="") if row.description in seen else row)
        if score.value is not None:
            seen.add(row.description)
    return tuple(rows)


def make_score(score: Score, layout: Layout) -> ScoreRow:
    """Write a score as text."""
    numbers = [score.value, *(score.interval or ()), *(score.reference or ())]
    places = decimals_of([score.value]) if score.value else decimals_of(numbers)
    interval = " to ".join(write_number(end, places) for end in score.interval) if score.interval else ""
    band, reference, whole = None, "", draw_range(score)
    if score.reference:
        low, middle, high = (write_number(end, places) for end in score.reference)
        reference = f"{low} to {high}, median {middle}"
        if score.value is not None and whole is None:
            band = place_in_band(score.value, score.reference)
    return ScoreRow(
        label=write_name(score.name, layout.words),
        description=score.description,
        value=write_number(score.value, places),
        unit=score.unit if score.value is not None else "",
        interval=interval,
        interval_meaning=score.interval_meaning,
        confidence="" if score.confidence is None else f"{score.confidence:.0%}",
        band=band,
        range=whole,
        reference=reference,
        light=score.light,
    )


def make_table(table: Table, findings: Findings, album: Album) -> tuple[TableView, str]:
    """Write a table as text; give it, and a sentence when its pictures could not be drawn."""
    seen = _seen(table)
    columns = tuple(
        TableColumn(
            label=write_name(column.name, album.layout.words),
            unit=column.unit,
            description=column.description,
            numeric=is_numeric(row[index] for row in table.rows),
        )
        for index, column in enumerate(table.columns)
        if index in seen
    )
    thumbnails: Sequence[Thumbnail | None] = ()
    problem = ""
    if table.display in {"clusters", "lesions"} and table.rows:
        thumbnails, problem = draw_thumbnails(table, findings.maps, album)
    view = TableView(
        title=table.title,
        columns=columns,
        rows=tuple(tuple(row[index] for index in seen) for row in write_cells(table.rows)),
        thumbnails=tuple(thumbnails) if any(thumbnails) else (),
        marks=write_marks(table) if table.display == "lesions" else (),
        regions=read_regions(table) if table.display == "regions" else (),
        radar=draw_radar(table) if table.display == "radar" else None,
        motion=draw_motion(table, album.layout.words) if table.display == "motion" else None,
    )
    return view, problem


def _seen(table: Table) -> list[int]:
    """Give the columns to show: not those that only BIDS wants, where the rows have a better name."""
    names = [column.name for column in table.columns]
    hidden: tuple[str, ...] = ("index", "name") if table.display != "plain" and "region" in names else ()
    if table.display == "lesions":
        hidden = ("name",)  # the index and the picture tell
    return [place for place, name in enumerate(names) if name not in hidden]


def anchor_of(*parts: str) -> str:
    """Make an ``id`` of any text."""
    return "-".join(re.sub(r"[^0-9A-Za-z]+", "-", part).strip("-").lower() or "x" for part in parts)
