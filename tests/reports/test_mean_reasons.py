"""What moved predictions, over people: the mean, whose it is, and that what did not pass is not there."""

from pathlib import Path

import pytest

from bidsapp.findings import Column, Findings, Table
from bidsapp.reports.collect import Visit
from bidsapp.reports.group import write_group
from bidsapp.reports.mean_reasons import average_reasons

from .cohorts import write
from .pages import Page


def reasoned(
    subject: str,
    parts: dict[str, float],
    *,
    session: str | None = None,
    passed: bool = True,
    bundle: str = "1",
) -> Findings:
    table = Table(
        title="What moved the prediction",
        suffix="stats",
        entities={"desc": "reasons"},
        datatype="beh",
        columns=(
            Column(name="feature", description=""),
            Column(name="contribution", description="Passed its control (p = 0.05).", unit="points"),
        ),
        rows=tuple(parts.items()),
        display="reasons" if passed else "plain",
    )
    return Findings(
        analysis="coma",
        title="Prediction",
        subject=subject,
        session=session,
        summary="",
        tables=(table,),
        provenance={"bundle": "coma-crsr", "bundle_sha256": bundle},
    )


def visits(*findings: Findings) -> list[Visit]:
    return [Visit(each.subject, each.session, None, (each,)) for each in findings]


def test_the_mean_over_people_with_0_for_what_a_row_lacks() -> None:
    (found,) = average_reasons(
        visits(reasoned("01", {"pons": 2.0, "age": -1.0}), reasoned("02", {"pons": -4.0}))
    )
    assert found.people == 2
    first, second = found.rows
    assert (first.feature, first.mean, first.size) == ("pons", -1.0, 3.0)
    assert first.sd == pytest.approx(18**0.5)
    assert (second.feature, second.mean, second.size) == ("age", -0.5, 0.5)


def test_a_person_counts_once_and_models_are_not_mixed() -> None:
    later = reasoned("01", {"pons": 100.0}, session="2")
    other = [reasoned(name, {"pons": 9.0}, bundle="2") for name in ("03", "04")]
    found = average_reasons(
        visits(reasoned("01", {"pons": 1.0}, session="1"), later, reasoned("02", {"pons": 3.0}), *other)
    )
    assert [(each.people, each.rows[0].mean) for each in found] == [(2, 2.0), (2, 9.0)]


def test_what_did_not_pass_its_control_is_in_no_mean() -> None:
    failed = [reasoned(name, {"pons": 50.0}, passed=False) for name in ("03", "04", "05")]
    (found,) = average_reasons(visits(reasoned("01", {"pons": 1.0}), reasoned("02", {"pons": 3.0}), *failed))
    assert (found.people, found.rows[0].mean) == (2, 2.0)
    assert average_reasons(visits(*failed)) == ()
    assert average_reasons(visits(reasoned("01", {"pons": 1.0}))) == ()


@pytest.mark.parametrize("passed", [True, False])
def test_the_page_and_its_table_show_only_what_passed(tmp_path: Path, passed: bool) -> None:
    (tmp_path / "dataset_description.json").write_text('{"Name": "Study (simulated)"}')
    for subject, pons in (("01", 1.0), ("02", 4.0)):
        write(tmp_path, reasoned(subject, {"pons": pons, "age": -0.5}, passed=passed))
    written = write_group(tmp_path)
    table = tmp_path / "group_coma_reasons.tsv"
    page = Page(written[0].read_text())
    assert not page.faults
    assert (table in written) == table.exists() == passed
    assert ("What moved the predictions" in page.text) == passed
    if passed:
        header, first, second = table.read_text().splitlines()
        assert header.split("\t") == ["bundle", "people", "feature", "mean", "sd", "mean_size"]
        assert first.split("\t")[:4] == ["coma-crsr", "2", "pons", "2.5"]
        assert second.split("\t")[2:] == ["age", "-0.5", "0", "0.5"]
        assert "mean over 2 people" in page.text
        assert "Passed its control (p = 0.05)." in page.text
