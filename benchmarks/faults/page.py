"""Writes ``docs/reliability.md`` from the faults as they are declared and from what was measured last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.faults.complaints import COMPLAINTS
from benchmarks.faults.kinds import FAULTS
from benchmarks.faults.measured import measured
from bidsapp.files import write_text

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
TEMPLATE = Path(__file__).with_name("page.md")
PATIENCE = 20
"""A run hangs when it takes that many times as long as the undisturbed one."""
KINDS = {"signals": "a subject with signals of regions", "images": "a simulated head, all analyses"}
COUNTED = (
    *("kills", "parent", "worker", "all", "had ended before"),
    *("files that differ", "runs that failed afterwards", "hangs", "processes left over"),
)


def write_page() -> Path:
    """Write the page and give its path."""
    return write_text(PAGE, draw_page())


def draw_page() -> str:
    """Give the text of the page."""
    found = measured()
    seen = {item.name: found["faults"][item.name] for item in FAULTS if item.name in found["faults"]}
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        count=len(FAULTS),
        kept=sum(not item["broken"] for item in seen.values()),
        commits=", ".join(sorted({f"`{item['commit']}`" for item in seen.values()})) or "no commit yet",
        minutes=round(sum(item["total"] for item in seen.values()) / 60),
        patience=PATIENCE,
        faults=_table(
            ["fault", "what is done", "promised", "seen"],
            [[f"`{item.name}`", item.injected, item.promised, _seen(seen.get(item.name))] for item in FAULTS],
        ),
        kills=_kills(found["kills"]),
        complaints=_complaints(),
    )


def _seen(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "not measured"
    return f"{'; '.join(found['broken']) or 'as promised'}, {found['seconds']:.0f} s"


def _kills(counted: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [said, *(f"{counted[name].get(what, 0):.0f}" for what in COUNTED), f"`{counted[name]['commit']}`"]
        for name, said in KINDS.items()
        if name in counted
    ]
    return _table(["run", *COUNTED, "commit"], rows) if rows else "Not counted yet on this version."


def _complaints() -> str:
    faults = {fault.name for fault in FAULTS}
    rows = [
        [
            item.complaint,
            item.threads,
            item.answer,
            ", ".join(f"{'fault ' if name in faults else ''}`{name}`" for name in item.covered_by),
        ]
        for item in COMPLAINTS
    ]
    return _table(["complaint", "threads", "here", "covered by"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
