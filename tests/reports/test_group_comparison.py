"""The group level on findings of a simulated study, from files to files."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bidsapp.errors import NothingSelectedError, UsageError
from bidsapp.reports.group import write_group

from .cohorts import PLANTED, findings, write, write_study
from .pages import Page


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def text(folder: Path, **options: str) -> str:
    return Page(write_group(folder, **options)[0].read_text()).text


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_study(folder, 12, 12)
    write_group(folder)
    return folder


def test_planted_region_is_found_and_no_other(study: Path) -> None:
    rows = {row["region"]: row for row in table(study / "group_anomaly_comparison.tsv")}
    assert len(rows) == 8
    assert [name for name, row in rows.items() if float(row["p_fwe"]) < 0.05] == [PLANTED]
    planted = rows[PLANTED]
    assert (planted["hemisphere"], planted["n_patients"], planted["n_controls"]) == ("left", "12", "12")
    assert float(planted["effect_low"]) > 0.5
    assert all(float(row["p"]) <= float(row["p_fdr"]) <= 1 for row in rows.values())
    assert float(planted["median_patients"]) - float(planted["median_controls"]) == pytest.approx(6, abs=1.5)


def test_roc_table_holds_scores_and_regions_and_agrees_with_sklearn(study: Path) -> None:
    rows = {row["measure"]: row for row in table(study / "group_anomaly_roc.tsv")}
    assert [row["kind"] for row in rows.values()] == ["score"] * 2 + ["region"] * 8
    people = [(f"{n:02d}", n < 50) for n in (*range(1, 13), *range(51, 63))]
    shares = [findings(subject, patient).scores[1].value for subject, patient in people]
    expected = roc_auc_score([patient for _, patient in people], shares)
    share = rows["abnormal_share"]
    assert float(share["auc"]) == pytest.approx(expected, abs=1e-5)
    assert float(share["auc_low"]) <= expected <= float(share["auc_high"])
    limit = np.quantile(shares[12:], 0.98)
    assert float(share["threshold"]) == pytest.approx(limit, abs=1e-5)
    assert float(share["sensitivity"]) == pytest.approx(np.mean(np.array(shares[:12]) > limit), abs=1e-5)
    assert float(rows["anomalous_clusters"]["gmean"]) == 1


def test_page_says_who_is_compared_and_how(study: Path) -> None:
    page = Page((study / "group_report.html").read_text())
    for part in (
        'Without --controls, column "group" of participants.tsv tells the groups: controls (control 12) and '
        "patients (PD 12).",
        "12 patients and 12 controls. Of 8 regions there differ: 1 at p < 0.05 corrected family-wise, 1 at",
        "For research use only",
        "p uncorrected",
        "p family-wise",
        f"{PLANTED} ■",
        "ROC curve: Abnormal share",
        "Age: median",
        "The 98 % quantile of 12 controls lies between their two highest values",
    ):
        assert part in page.text
    assert page.faults == []
    assert page.text.count("■") == 2  # the region, and the key


def test_same_seed_same_bytes(study: Path, tmp_path: Path) -> None:
    write_study(tmp_path, 12, 12)
    for path in write_group(tmp_path):
        assert path.read_bytes() == (study / path.name).read_bytes()


def test_query_of_the_command_line_goes_before_the_column(tmp_path: Path) -> None:
    write_study(tmp_path, 6, 8)
    page = text(tmp_path, controls="group == 'control' and age < 66")
    assert "Controls are those of --controls \"group == 'control' and age < 66\" (7)" in page
    # a control of 66 years is no patient because the query does not want it
    assert "sub-55 (called controls in participants.tsv, but not by the query)" in page
    assert table(tmp_path / "group_anomaly_comparison.tsv")[0]["n_patients"] == "6"


def test_query_without_effect_is_said(tmp_path: Path) -> None:
    write_study(tmp_path, 5, 5)
    with pytest.raises(NothingSelectedError, match="fits none of 10 subjects"):
        write_group(tmp_path, controls="group == 'healthy'")
    with pytest.raises(NothingSelectedError, match="leaves no patient"):
        write_group(tmp_path, controls="age > 0")
    with pytest.raises(UsageError, match="did you mean group"):
        write_group(tmp_path, controls="group1 == 'control'")
    (tmp_path / "participants.tsv").unlink()
    with pytest.raises(NothingSelectedError, match=r"needs participants\.tsv"):
        write_group(tmp_path, controls="group == 'control'")


def test_without_a_column_of_groups_the_page_says_how_to_get_a_comparison(tmp_path: Path) -> None:
    write_study(tmp_path, 6, 6)
    write_group(tmp_path)
    (tmp_path / "participants.tsv").write_text("participant_id\tage\nsub-01\t60\n")
    page = text(tmp_path)
    assert "Nothing is compared: no column group or diagnosis" in page
    assert "--controls \"group == 'control'\"" in page
    assert not list(tmp_path.glob("group_*_comparison.tsv"))  # nor that of the run before
    assert not list(tmp_path.glob("group_*_roc.tsv"))


def test_small_groups_are_not_tested(tmp_path: Path) -> None:
    write_study(tmp_path, 4, 10)
    assert "Nothing is tested: 4 patients and 10 controls have results; each group needs 5." in text(tmp_path)
    assert not list(tmp_path.glob("group_*_comparison.tsv"))


def test_each_person_counts_once_with_the_first_session(tmp_path: Path) -> None:
    write_study(tmp_path, 0, 6)
    for number in range(1, 7):
        for session in ("10", "2"):
            write(tmp_path, findings(f"{number:02d}", True, session))
    lines = [f"sub-{number:02d}\t60\tF\tPD" for number in range(1, 7)]
    with (tmp_path / "participants.tsv").open("a") as stream:
        stream.write("\n".join(lines) + "\n")
    assert "Each person counts once: 6 later sessions left out." in text(tmp_path)
    row = next(row for row in table(tmp_path / "group_anomaly_roc.tsv") if row["measure"] == "abnormal_share")
    first = [findings(f"{number:02d}", True, "2").scores[1].value for number in range(1, 7)]
    assert row["n_patients"] == "6"
    assert float(row["median_patients"]) == pytest.approx(np.median(first), abs=1e-5)


def test_different_bundles_are_warned_of(tmp_path: Path) -> None:
    write_study(tmp_path, 5, 5)
    write(tmp_path, findings("01", True, bundle="2"))
    assert "People were judged by 2 different bundles" in text(tmp_path)


def test_a_region_that_few_have_is_left_out_and_said(tmp_path: Path) -> None:
    write_study(tmp_path, 6, 6)
    control = findings("51", False)
    pons = ("Pons", "none", 1.0, 0.0, 0.5, 2.1, 0.0)
    longer = replace(control.tables[0], rows=(*control.tables[0].rows, pons))
    write(tmp_path, replace(control, tables=(longer,)))
    assert "1 measure left out: known of fewer than 5 people of one group." in text(tmp_path)
    assert len(table(tmp_path / "group_anomaly_comparison.tsv")) == 8


def test_names_of_groups_and_regions_cannot_inject_markup(tmp_path: Path) -> None:
    write_study(tmp_path, 5, 5)
    evil = '"><img src=x onerror=alert(1)>'
    people = (tmp_path / "participants.tsv").read_text()
    (tmp_path / "participants.tsv").write_text(people.replace("PD", evil))
    for path in (tmp_path / "logs").glob("*/findings-anomaly.json"):
        path.write_text(path.read_text().replace(PLANTED, evil.replace('"', '\\"')))
    page = Page(write_group(tmp_path)[0].read_text())
    assert evil in page.text
    assert not page.all("img")
    assert page.faults == []
