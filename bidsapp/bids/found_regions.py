"""The regional table of one analysis for another one, which knows of the first by its findings alone."""

from __future__ import annotations

from bidsapp.cohort import RegionValues
from bidsapp.findings import Findings, Table

REGIONS = "regions"
"""Display of the tables that are read; their columns ``region`` and ``value`` are part of what it means."""


def found_regions(findings: Findings) -> RegionValues | None:
    """Give the ``value`` of each ``region`` of the first table shown as ``regions``; gaps are left out.

    Returns
    -------
    RegionValues
        ``None`` where the analysis has no such table.
    """
    table = next((table for table in findings.tables if table.display == REGIONS), None)
    if table is None:
        return None
    return RegionValues(bundle=findings.provenance.get("bundle_sha256", ""), values=_values(table))


def _values(table: Table) -> dict[str, float]:
    names = [column.name for column in table.columns]
    region, value = names.index("region"), names.index("value")
    numbers = ((str(row[region]), row[value]) for row in table.rows)
    return {name: float(number) for name, number in numbers if isinstance(number, int | float)}
