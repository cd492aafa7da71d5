"""How long a browser takes to open a group report (``scale_page.py REPORT.html``) and to sort its tables."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from tests.browser import Browser, find_browser

LOADED = 'performance.getEntriesByType("navigation")[0].loadEventEnd'
SORTED = Path(__file__).with_suffix(".js")


@dataclass(frozen=True)
class PageTimes:
    """Milliseconds from navigation to the load event, and of the slowest sort.

    ``load_cpu`` and ``sort_cpu`` are what the page's thread computed until it was loaded, and for one sort in
    the mean: a busy machine changes them little. ``headings`` counts the columns that were sorted, ``wrong``
    those that were not in order then.
    """

    load: float
    load_cpu: float
    sort_cpu: float
    slowest_sort: float
    slowest: str
    headings: int
    wrong: int


def time_page(program: str, page: Path) -> PageTimes:
    """Open a page in a fresh browser and sort every table by every column."""
    with Browser(program) as browser:
        browser.call("Performance.enable", timeDomain="threadTicks")
        browser.open(page)
        load = browser.evaluate(LOADED)
        load_cpu = _computed(browser)
        clicks = browser.evaluate(SORTED.read_text(encoding="utf-8"))
        sort_cpu = (_computed(browser) - load_cpu) / len(clicks)
    slowest = max(clicks, key=lambda item: item["took"])
    return PageTimes(
        load=load,
        load_cpu=load_cpu,
        sort_cpu=sort_cpu,
        slowest_sort=slowest["took"],
        slowest=f"{slowest['heading']} of {slowest['table']}",
        headings=len(clicks),
        wrong=sum(not item["right"] for item in clicks),
    )


def _computed(browser: Browser) -> float:
    """Give the milliseconds that the page's thread has computed so far."""
    metrics = browser.call("Performance.getMetrics")["metrics"]
    return 1000 * float(next(item["value"] for item in metrics if item["name"] == "TaskDuration"))


def main() -> int:
    """Measure and print."""
    program = find_browser()
    if program is None:
        raise SystemExit("There is no Chromium on the PATH.")
    times = time_page(program, Path(sys.argv[1]))
    print(f"loaded after {times.load:.0f} ms, of which the page computed {times.load_cpu:.0f} ms")
    print(f"{times.headings} columns sorted, {times.wrong} not in order; {times.sort_cpu:.0f} ms each")
    print(f"the slowest after {times.slowest_sort:.0f} ms: {times.slowest}")
    return 1 if times.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
