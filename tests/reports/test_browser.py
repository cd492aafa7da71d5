"""The tables of a group page as a real browser shows them: paged, sorted, filtered; whole without script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bidsapp.findings import Findings, Score
from bidsapp.reports.group import write_group
from tests.browser import Browser, find_browser

PROGRAM = find_browser()
PEOPLE, ROWS = 120, 50
TABLE = "document.querySelector('[aria-labelledby=table-tea] table')"
SEEN = f"[...{TABLE}.tBodies[0].rows].filter((row) => row.offsetHeight > 0)"
SHOWN = f"{SEEN}.map((row) => row.cells[1].textContent)"

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium on the PATH")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of people whose value falls while their label rises; it has a sign and a gap."""
    out = tmp_path_factory.mktemp("cohort")
    for number in range(PEOPLE):
        subject = f"{number:03d}"
        value = None if number == 7 else 50.0 - number
        score = Score(name="leaves", value=value, description="")
        Findings(
            analysis="tea", title="Tea", subject=subject, session=None, summary="", scores=(score,)
        ).write(out / "logs" / f"sub-{subject}" / "findings-tea.json")
    return write_group(out)[0]


@pytest.fixture
def browser() -> Iterator[Browser]:
    assert PROGRAM is not None
    with Browser(PROGRAM) as opened:
        yield opened


def test_a_page_of_rows_is_shown_and_a_click_sorts_all_of_them(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert len(browser.evaluate(SHOWN)) == ROWS
    click = f"{TABLE}.tHead.rows[0].cells[1].querySelector('button').click()"
    browser.evaluate(click)
    falling = [f"\N{MINUS SIGN}{number}" for number in range(69, 69 - ROWS, -1)]
    assert browser.evaluate(SHOWN) == falling
    browser.evaluate(click)
    assert browser.evaluate(SHOWN) == [str(50 - number) for number in range(PEOPLE) if number != 7][:ROWS]


def test_a_filter_finds_rows_of_other_pages(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.evaluate(
        "(() => { const box = document.querySelector('#tools-table-tea [type=search]');"
        "box.value = 'sub-11'; box.dispatchEvent(new Event('input')); })()"
    )
    assert browser.evaluate(SHOWN) == [f"\N{MINUS SIGN}{number}" for number in range(60, 70)]


def test_without_script_every_row_is_there(browser: Browser, page: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page)
    assert len(browser.evaluate(SHOWN)) == PEOPLE
