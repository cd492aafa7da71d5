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

    ``load_cpu`` is what the page's thread computed until then, which a busy machine changes little;
    ``headings`` counts the columns that were sorted, ``wrong`` those that were not in order then.
    """

    load: float
    load_cpu: float
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
        metrics = browser.call("Performance.getMetrics")["metrics"]
        clicks = browser.evaluate(SORTED.read_text(encoding="utf-8"))
    slowest = max(clicks, key=lambda item: item["took"])
    return PageTimes(
        load=load,
        load_cpu=1000 * next(item["value"] for item in metrics if item["name"] == "TaskDuration"),
        slowest_sort=slowest["took"],
        slowest=f"{slowest['heading']} of {slowest['table']}",
        headings=len(clicks),
        wrong=sum(not item["right"] for item in clicks),
    )


def main() -> int:
    """Measure and print."""
    program = find_browser()
    if program is None:
        raise SystemExit("There is no Chromium on the PATH.")
    times = time_page(program, Path(sys.argv[1]))
    print(f"loaded after {times.load:.0f} ms, of which the page computed {times.load_cpu:.0f} ms")
    print(f"{times.headings} columns sorted, {times.wrong} not in order; slowest {times.slowest_sort:.0f} ms")
    print(f"  ({times.slowest})")
    return 1 if times.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
