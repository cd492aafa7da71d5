import csv
from pathlib import Path

import pytest

from bidsapp.reports.group import write_group

from .cohorts import write
from .pages import Page
from .predictions import outcomes, prediction, write_predictions

SCORES = [2.0, 5.0, 5.0, 8.0, 11.0, 14.0, 17.0, 20.0, 22.0, 6.0]


def table(path: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return {(row["group"], row["measure"], row["at"]): row for row in rows}


def test_a_perfect_prediction_on_the_page_and_in_the_table(tmp_path: Path) -> None:
    write_predictions(tmp_path, SCORES, SCORES)
    written = write_group(tmp_path)
    page = Page(written[0].read_text())
    assert not page.faults
    assert "10 people with a predicted and an observed value" in page.text
    assert "Predictions are off by 0.0 on average; their mean error is 0.0." in page.text
    assert "MAE 0.00 (0.00 to 0.00)" in page.text
    assert "R² 1.00 (1.00 to 1.00)" in page.text
    assert "All 10 100% (69% to 100%)" in page.text
    assert "Simulated data" in page.text
    assert tmp_path / "group_coma_agreement.tsv" in written
    rows = table(tmp_path / "group_coma_agreement.tsv")
    assert rows["n/a", "mae", "n/a"] == {
        "target": "crs_r",
        "column": "n/a",
        "group": "n/a",
        "measure": "mae",
        "at": "n/a",
        "people": "10",
        "value": "0",
        "low": "0",
        "high": "0",
    }
    assert rows["n/a", "coverage", "n/a"]["value"] == "1"
    assert rows["low third", "mean_width", "n/a"]["low"] == "n/a"


def test_a_site_cannot_write_into_the_page_and_nothing_is_loaded(tmp_path: Path) -> None:
    write_predictions(
        tmp_path, SCORES, SCORES, columns={"site": ["<b>"] * 5 + ["B"] * 5, "etiology": ["anoxia"] * 10}
    )
    source = write_group(tmp_path)[0].read_text()
    page = Page(source)
    assert "By site" in page.text
    assert "By etiology" not in page.text
    assert '<th scope="row">&lt;b&gt;</th>' in source
    assert not [attributes["src"] for _, attributes in page.elements if "src" in attributes]
    assert not page.all("link")
    assert len(source) < 100_000


def test_an_outcome_is_drawn_as_calibration_and_decision_curve(tmp_path: Path) -> None:
    predicted, observed = outcomes(24)
    write_predictions(tmp_path, predicted, observed, limits=(0.0, 1.0))
    page = Page(write_group(tmp_path)[0].read_text())
    assert not page.faults
    assert "AUC" in page.text
    labels = [attributes.get("aria-label", "") for attributes in page.all("svg")]
    assert any("share with the outcome by probability" in label for label in labels)
    assert any("net benefit by threshold" in label for label in labels)
    rows = table(tmp_path / "group_coma_agreement.tsv")
    assert float(rows["n/a", "net_benefit_of_everyone", "0.5"]["value"]) == pytest.approx(
        2 * sum(observed) / 24 - 1, abs=1e-5
    )


def test_too_few_people_and_who_is_left_out_are_said(tmp_path: Path) -> None:
    write_predictions(tmp_path, [*SCORES[:6], None, 3.0], [*SCORES[:6], 4.0, None])
    write(tmp_path, prediction("01", 3.0, 4.0, session="b"))
    written = write_group(tmp_path)
    text = Page(written[0].read_text()).text
    assert "6 people (7 sessions) with a predicted and an observed value: fewer than 8" in text
    assert "1 session left out: observed, but nothing was predicted." in text
    assert "1 session left out: the observed value could not be read" in text
    assert not (tmp_path / "group_coma_agreement.tsv").exists()


def test_a_cohort_without_observed_scores_has_no_such_section(tmp_path: Path) -> None:
    write_predictions(tmp_path, SCORES, SCORES)
    for path in (tmp_path / "logs").rglob("findings-coma.json"):
        path.write_text(path.read_text().replace("observed_crs_r", "other"))
    assert "Predicted and observed" not in write_group(tmp_path)[0].read_text()


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    write_predictions(tmp_path, SCORES, [score + number % 3 for number, score in enumerate(SCORES)])
    first = [path.read_bytes() for path in write_group(tmp_path, seed=3)]
    assert [path.read_bytes() for path in write_group(tmp_path, seed=3)] == first
