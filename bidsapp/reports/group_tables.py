"""What the group page shows of each analysis: a table to sort and filter, and a plot of each measure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bidsapp.reports.articles import anchor_of
from bidsapp.reports.cohort_tables import ScoreTable, file_label
from bidsapp.reports.collect import PREPARATION, Visit
from bidsapp.reports.distributions import Distribution, draw_distribution
from bidsapp.reports.layout import Layout
from bidsapp.reports.numbers import decimals_of, is_numeric, write_name, write_number

_MARKS = {"red": "■", "amber": "▲"}


@dataclass(frozen=True)
class Roll:
    """Who is in the cohort: visits, what ``participants.tsv`` says, links to reports."""

    visits: Sequence[Visit]
    people: Mapping[str, Mapping[str, str]]
    links: Mapping[str, str]


@dataclass(frozen=True)
class Heading:
    """Heading of a column of the page's tables."""

    label: str
    unit: str
    numeric: bool


@dataclass(frozen=True)
class GroupCell:
    """One cell: its text, the colour of its light, and the mark that says the same without colour."""

    text: str
    light: str = ""
    mark: str = ""


@dataclass(frozen=True)
class GroupRow:
    """One visit in a table: name, link to its report, whether it stands out, cells."""

    name: str
    link: str
    odd: bool
    cells: tuple[GroupCell, ...]


@dataclass(frozen=True)
class GroupTable:
    """One analysis on the page."""

    anchor: str
    title: str
    file: str
    headings: tuple[Heading, ...]
    rows: tuple[GroupRow, ...]
    plots: tuple[tuple[str, str, str, Distribution], ...]


def make_group_table(table: ScoreTable, roll: Roll, odd: Collection[str], layout: Layout) -> GroupTable:
    """Write one analysis as a table and plots; ``odd`` are the names of visits that stand out."""
    people = roll.people
    present = [visit for visit in roll.visits if visit.name in table.rows]
    about = list(dict.fromkeys(key for visit in present for key in people.get(visit.subject, {})))
    headings = [Heading(write_name(key, layout.words), "", _all_numbers(key, people)) for key in about]
    columns: list[list[GroupCell]] = [
        [GroupCell(people.get(visit.subject, {}).get(key, "n/a")) for visit in present] for key in about
    ]
    for name, measure in table.measures.items():
        scores = [table.rows[visit.name].get(name) for visit in present]
        values = [score.value if score else None for score in scores]
        places = decimals_of(values)
        lights = [score.light if score else "" for score in scores]
        headings.append(Heading(write_name(name, layout.words), measure.unit, is_numeric(values)))
        columns.append(
            [
                GroupCell(
                    write_number(value, places), light if light in _MARKS else "", _MARKS.get(light, "")
                )
                for value, light in zip(values, lights, strict=True)
            ]
        )
    rows = tuple(
        GroupRow(
            visit.name,
            roll.links[visit.name],
            visit.name in odd,
            tuple(column[index] for column in columns),
        )
        for index, visit in enumerate(present)
    )
    file = "quality" if table.analysis == PREPARATION else file_label(table.analysis)
    return GroupTable(
        anchor=anchor_of("table", file),
        title="Image quality" if table.analysis == PREPARATION else table.title,
        file=file,
        headings=tuple(headings),
        rows=rows,
        plots=_plots(table, layout),
    )


def _plots(table: ScoreTable, layout: Layout) -> tuple[tuple[str, str, str, Distribution], ...]:
    plots = []
    for name, measure in table.measures.items():
        values = table.values(name)
        z = table.z.get(name, {})
        odd = {
            visit
            for visit in values
            if abs(z.get(visit, 0.0)) > layout.limits.robust_z or table.rows[visit][name].light == "red"
        }
        drawn = draw_distribution(values, odd, measure.reference, layout.limits.dots)
        if drawn:
            plots.append((write_name(name, layout.words), measure.unit, measure.description, drawn))
    return tuple(plots)


def _all_numbers(key: str, people: Mapping[str, Mapping[str, str]]) -> bool:
    def is_number(text: str) -> bool:
        try:
            float(text)
        except ValueError:
            return False
        return True

    return all(is_number(entry[key]) for entry in people.values() if key in entry)
