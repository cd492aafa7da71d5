"""Lobes, deep nuclei and cerebellum by side: few enough parts to be seen at one glance in a radar plot."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from bidsapp.analyses.anomaly.judge import Judgement, quantiles
from bidsapp.analyses.anomaly.measure import Parcels
from bidsapp.analyses.anomaly.store import Trained
from bidsapp.findings import Cell, Column, Table
from bidsapp.oneclass.conformal import conformal_p

_FILE = Path(__file__).parents[2] / "data" / "lobes.toml"
_COLUMNS = (
    Column(name="index", description="Number of the row"),
    Column(name="name", description="Part of the brain and side"),
    Column(name="region", description="Part of the brain, as plotted"),
    Column(name="hemisphere", description="left or right"),
    Column(name="voxels", description="Analysed voxels of 2 mm in standard space"),
    Column(name="value", description="Share of the part's voxels that are abnormal", unit="%"),
    Column(name="q05", description="5 % quantile of value in the left-out controls", unit="%"),
    Column(name="q50", description="Median of value in the left-out controls", unit="%"),
    Column(name="q95", description="95 % quantile of value in the left-out controls", unit="%"),
    Column(name="p", description="Share of controls with as large a value, not corrected for the parts"),
)


@cache
def read_lobes(path: Path = _FILE) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Read which regions make up which part, by atlas; see the file."""
    content: dict[str, dict[str, list[str]]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return content


def lobe_tables(judgement: Judgement, trained: Trained, parcels: Parcels) -> tuple[Table, ...]:
    """Give the table of the parts, left and right; none for an atlas whose parts are not declared."""
    reference, share = judgement.variant.reference, judgement.measures.region_share
    rows: list[tuple[Cell, ...]] = []
    for part, names in read_lobes().get(trained.options.atlas, {}).items():
        for side in ("left", "right"):
            chosen = members_of(names, side, parcels)
            if not chosen:
                continue
            weights = parcels.counts[chosen] / parcels.counts[chosen].sum()
            controls, value = reference.region_share[:, chosen] @ weights, float(share[chosen] @ weights)
            rows.append((
                len(rows) + 1, f"{part} ({side})", part, side, int(parcels.counts[chosen].sum()),
                round(100 * value, 2), *(round(100 * each, 2) for each in quantiles(controls)),
                round(conformal_p(controls, value), 4),
            ))  # fmt: skip
    if not rows:
        return ()
    return (
        Table(
            title=f"Share of abnormal voxels (|z| > {trained.options.region_threshold:g}) by part and side",
            suffix="dseg",
            entities={"seg": trained.options.atlas, "desc": "lobes"},
            columns=_COLUMNS,
            rows=tuple(rows),
            display="radar",
        ),
    )


def members_of(names: Sequence[str], side: str, parcels: Parcels) -> list[int]:
    """Give the places of a part's regions on one side: named as a whole, or by their first word."""
    wanted = set(names)
    pairs = enumerate(zip(parcels.names, parcels.sides, strict=True))
    return [place for place, (name, own) in pairs if own == side and {name, name.partition(" ")[0]} & wanted]
