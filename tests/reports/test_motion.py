"""Motion of a scan as lines: scale, shading of frames left out, and the page."""

import pytest

from bidsapp.findings import Column, Findings, Table
from bidsapp.reports.group import write_group
from bidsapp.reports.layout import read_layout
from bidsapp.reports.motion import HEIGHT, WIDTH, draw_motion
from bidsapp.reports.subject import write_report

from .cohorts import write
from .pages import Page

WORDS = read_layout().words
NAMES = ("framewise_displacement", "dvars", "trans_x", "kept")


def table(*frames: tuple[float | None, float | None, bool]) -> Table:
    return Table(
        title="Motion during BOLD",
        suffix="timeseries",
        entities={"task": "rest", "desc": "confounds"},
        datatype="func",
        columns=tuple(Column(name=name, description="", unit="mm") for name in NAMES),
        rows=tuple((moved, change, 0.25, kept) for moved, change, kept in frames),
        display="motion",
    )


def points(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split())]


def test_the_largest_motion_touches_the_top_and_none_the_bottom() -> None:
    drawn = draw_motion(
        table((None, None, True), (2.0, 1.0, False), (1.0, 1.0, False), (0.0, 4.0, True)), WORDS
    )
    assert drawn is not None
    first, second = drawn.lines
    assert (first.name, first.top) == ("Framewise displacement", "2.0")
    assert [y for _, y in points(first.points)] == [HEIGHT - 2, 2, HEIGHT / 2, HEIGHT - 2]
    assert [x for x, _ in points(first.points)] == [80, 240, 400, 560]
    assert (second.name, second.top) == ("DVARS", "4.0")
    assert drawn.shaded == ((WIDTH / 4, WIDTH / 2),)
    assert "4 frames, 2 of them left out" in drawn.alt


def test_a_still_head_looks_still() -> None:
    drawn = draw_motion(table((None, None, True), (0.05, 0.1, True)), WORDS)
    assert drawn is not None
    assert drawn.lines[0].top == "0.5"
    assert points(drawn.lines[0].points)[1][1] == pytest.approx(HEIGHT - 2 - 0.1 * (HEIGHT - 4), abs=0.05)
    assert drawn.shaded == ()


def test_other_tables_are_not_drawn() -> None:
    other = table((None, None, True), (0.05, 0.1, True))
    assert draw_motion(table((0.1, 0.2, True)), WORDS) is None
    nameless = Table(title="", suffix="", columns=other.columns[:3], rows=tuple(r[:3] for r in other.rows))
    assert draw_motion(nameless, WORDS) is None


def test_the_subject_sees_the_lines_and_the_group_gets_no_table_of_frames(tmp_path) -> None:
    (tmp_path / "dataset_description.json").write_text('{"Name": "Study"}')
    frames = ((None, None, True), (0.7, 3.0, False), (0.1, 1.0, True))
    found = Findings(
        analysis="preproc",
        title="Preprocessing",
        subject="01",
        session=None,
        summary="",
        tables=(table(*frames),),
    )
    write(tmp_path, found)
    page = Page(write_report(tmp_path, "01").read_text())
    assert not page.faults
    assert len(page.all("polyline")) == 2
    assert "Motion during BOLD" in page.text
    assert "DVARS" in page.text
    assert "0 to 0.7 mm" in page.text
    assert not [path for path in write_group(tmp_path) if "regions" in path.name]
