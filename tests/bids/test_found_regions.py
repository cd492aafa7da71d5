"""What an analysis found in each region reaches another one through its findings alone."""

from __future__ import annotations

from pathlib import Path

from bidsapp.bids.cohort import read_cohort
from bidsapp.bids.found_regions import found_regions
from bidsapp.bids.sink import write_findings
from bidsapp.cohort import RegionValues
from bidsapp.findings import Cell, Column, Findings, Table

KNOWN = {"Thalamus Proper (left)": 12.5, "Brain Stem": 0.0}


def _table(display: str, *rows: tuple[Cell, ...], seg: str = "atlas") -> Table:
    columns = tuple(Column(name=name, description=name) for name in ("index", "region", "value"))
    return Table(title="", suffix="dseg", entities={"seg": seg}, columns=columns, rows=rows, display=display)


def anomaly(subject: str, session: str | None = None) -> Findings:
    """Findings with a table of clusters, of regions with a gap, and of asymmetry."""
    rows = [(number, name, value) for number, (name, value) in enumerate(KNOWN.items())]
    tables = (
        _table("clusters", (1, "Pons", 7.0), seg="anomaly"),
        _table("regions", *rows, (9, "Pallidum (left)", None)),
        _table("regions", (1, "Thalamus Proper", -3.0), seg="other"),
    )
    return Findings(
        analysis="anomaly", title="", subject=subject, session=session, summary="", tables=tables,
        provenance={"bundle_sha256": "abc"},
    )  # fmt: skip


def test_the_first_table_of_regions_is_read_without_its_gaps() -> None:
    assert found_regions(anomaly("01")) == RegionValues(bundle="abc", values=KNOWN)


def test_findings_without_such_a_table_say_nothing_of_regions() -> None:
    plain = Findings(analysis="coma", title="", subject="01", session=None, summary="")
    assert found_regions(plain) is None


def test_a_cohort_finds_them_for_their_own_session(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for session in ("a", "b"):
        preproc = Findings(analysis="preproc", title="", subject="01", session=session, summary="")
        write_findings(preproc, None, out)
    write_findings(anomaly("01", "b"), None, out)
    first, second = read_cohort([out]).members
    assert first.regions == {}
    assert second.regions == {"anomaly": RegionValues(bundle="abc", values=KNOWN)}
