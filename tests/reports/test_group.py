import csv
import time

import pytest

from bidsapp.errors import NoInputError
from bidsapp.findings import Score
from bidsapp.reports.group import write_group

from .conftest import Fixture
from .pages import Page
from .test_learning_curves import write_bundle


def cohort(output: Fixture, values: list[float]) -> None:
    for number, value in enumerate(values):
        subject = f"{number:02d}"
        score = Score(name="spots", value=value, description="Number", interval=(value - 1, value + 1))
        folder = output.logs(subject)
        output.preproc(subject, maps=()).write(folder / "findings-preproc.json")
        output.stranger(subject, scores=(score,), maps=()).write(folder / "findings-tea.json")
        output.status(subject).write(folder / "status.json")


def table(output: Fixture, name: str) -> list[dict[str, str]]:
    with (output.path / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_outliers_are_named_with_their_reason(output: Fixture) -> None:
    cohort(output, [3.0, 4.0, 5.0, 4.5, 3.5, 4.2, 3.8, 4.1, 90.0])
    page = Page(write_group(output.path)[0].read_text())
    assert "Spots 90 (robust z" in page.text
    assert "1 should be looked at." in page.text


def test_no_robust_z_from_a_handful(output: Fixture) -> None:
    cohort(output, [3.0, 4.0, 5.0, 90.0])
    assert "None stands out." in Page(write_group(output.path)[0].read_text()).text


def test_a_red_light_stands_out_in_any_cohort(output: Fixture) -> None:
    red = Score(name="T1w_snr", value=1.0, description="", light="red", reference=(8.0, 9.0, 10.0))
    output.preproc("01", maps=(), scores=(red,)).write(output.logs("01") / "findings-preproc.json")
    output.status("01").write(output.logs("01") / "status.json")
    assert "T1w SNR 1 (outside its limits)" in Page(write_group(output.path)[0].read_text()).text


def test_failed_unfinished_and_skipped_are_listed(output: Fixture) -> None:
    cohort(output, [3.0, 4.0])
    output.status("90", state="failed", error="Empty image.", exit_code=65).write(
        output.logs("90") / "status.json"
    )
    output.status("91", state="running").write(output.logs("91") / "status.json")
    output.status("92", skipped={"coma": "no PET"}).write(output.logs("92") / "status.json")
    text = Page(write_group(output.path)[0].read_text()).text
    for part in ("sub-90 Failed 65 Empty image.", "sub-91 Did not finish", "coma no PET 1"):
        assert part in text
    rows = {row["participant_id"]: row for row in table(output, "group_quality.tsv")}
    assert (rows["sub-90"]["state"], rows["sub-90"]["exit_code"], rows["sub-90"]["T1w_snr"]) == (
        "failed",
        "65",
        "n/a",
    )


def test_tables_hold_values_intervals_clusters_and_regions(output: Fixture) -> None:
    cohort(output, [3.0, 4.0])
    names = [path.name for path in write_group(output.path)]
    assert names == [
        "group_report.html",
        "group_quality.tsv",
        "group_tea.tsv",
        "group_tea_clusters.tsv",
        "group_tea_regions.tsv",
    ]
    assert table(output, "group_tea.tsv")[1] == {
        "participant_id": "sub-01",
        "session_id": "n/a",
        "spots": "4",
        "spots_low": "3",
        "spots_high": "5",
    }
    assert len(table(output, "group_tea_clusters.tsv")) == 4
    assert table(output, "group_quality.tsv")[0]["T1w_snr_light"] == "green"


def test_links_lead_only_to_reports_that_exist(output: Fixture) -> None:
    cohort(output, [3.0, 4.0])
    (output.path / "sub-01.html").touch()
    hrefs = {item.get("href", "") for item in Page(write_group(output.path)[0].read_text()).all("a")}
    assert "sub-01.html#sub-01" in hrefs
    assert not any(href.startswith("sub-00.html") for href in hrefs)


def test_a_cell_cannot_break_a_table(output: Fixture) -> None:
    evil = Score(name="a\tb\nc", value=1.0, description="")
    output.stranger("01", analysis="../x", scores=(evil,), maps=(), tables=()).write(
        output.logs("01") / "findings-x.json"
    )
    write_group(output.path)
    assert (output.path / "group_x.tsv").read_text() == "participant_id\tsession_id\ta b c\nsub-01\tn/a\t1\n"


def test_an_empty_folder_is_an_error(output: Fixture) -> None:
    with pytest.raises(NoInputError):
        write_group(output.path)


def test_two_thousand_subjects_keep_the_limit(output: Fixture) -> None:
    scores = tuple(
        Score(name=f"T1w_measure_{n}", value=1.2345 * n, description="About it") for n in range(40)
    )
    first = output.preproc("0000", maps=(), scores=scores).write(
        output.logs("0000") / "findings-preproc.json"
    )
    for number in range(1, 2000):
        folder = output.logs(f"{number:04d}")
        folder.mkdir(parents=True)
        (folder / first.name).write_bytes(first.read_bytes())
    start = time.process_time()
    page = write_group(output.path)[0]
    assert page.stat().st_size <= 10e6
    assert time.process_time() - start < 30


def test_a_calibrated_bundle_shows_how_often_it_is_right(output: Fixture) -> None:
    cohort(output, [3.0, 4.0])
    edges = [0.0, 0.5, 1.0]
    score = {"value": 0.05, "low": 0.01, "high": 0.09}
    curves = {"edges": edges, "voxels": [90, 10], "confidence": [0.1, 0.9], "frequency": [0.1, 0.8]}
    told = {
        "ece": score,
        "brier": score,
        "likelihood": score,
        "low": [0.0, 0.7],
        "high": [0.2, 0.9],
        **curves,
    }
    write_bundle(output.path, "ms-own", [], reliability=told)
    text = Page(write_group(output.path)[0].read_text()).text
    assert "Reliability: ms-own ECE 0.05 (0.01 to 0.09)" in " ".join(text.split())
