"""Tables as they come: gaps, marks of other systems, double and missing rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidsapp.bids.tables import as_value, read_covariates


def _participants(folder: Path, content: str | bytes) -> Path:
    path = folder / "participants.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n/a", None),
        ("", None),
        ("N/A", None),
        ("NaN", None),
        ("34", 34.0),
        ("-1.5e3", -1500.0),
        ("0", 0.0),
        ("01", "01"),
        ("89+", 89.0),
        (">89", 89.0),
        ("23,5", 23.5),
        ("F", "F"),
        ("inf", "inf"),
    ],
)
def test_cells_become_numbers_texts_or_gaps(text, value):
    assert as_value(text)[0] == value


def test_what_was_changed_is_said(tmp_path):
    _participants(tmp_path, "participant_id\tage\nsub-01\t89+\n")
    values, notes = read_covariates(tmp_path, "01", None)
    assert values == {"age": 89.0}
    assert notes == ("participants.tsv: age '89+' was read as 89.",)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfparticipant_id\tage\tsex\nsub-01\t30\tF\n",
        b"participant_id\tage\tsex\r\nsub-01\t30\tF\r\n",
        b"participant_id\tage\tsex\rsub-01\t30\tF\r",
        b"participant_id\tage\tsex\n01\t30\tF\n\n\n",
        b"participant_id \t age\tsex\nsub-01\t 30\tF ",
        "participant_id\tage\tsex\nsub-01\t30\tF\n".encode("utf-16"),
    ],
)
def test_marks_of_other_systems_do_not_matter(tmp_path, content):
    values, _ = read_covariates(_participants(tmp_path, content), "01", None)
    assert values == {"age": 30.0, "sex": "F"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("participant_id\tage\nsub-02\t3\n", "no row for sub-01"),
        ("participant_id\tage\nsub-01\t3\nsub-01\t4\n", "2 different rows for sub-01; the first was used"),
        ("subject\tage\nsub-01\t3\n", "no column of labels"),
        ("participant_id,age\nsub-01,3\n", "separated by commas"),
        ("participant_id\tage\nsub-01\n", "more or fewer cells"),
        ("", "is empty"),
        ("participant_id\tsite\nsub-01\tZürich\n".encode("latin-1"), "not UTF-8"),
    ],
)
def test_oddities_are_said_and_stop_nothing(tmp_path, content, said):
    _, notes = read_covariates(_participants(tmp_path, content), "01", None)
    assert any(said in note for note in notes)


def test_equal_double_rows_are_no_matter(tmp_path):
    values, notes = read_covariates(
        _participants(tmp_path, "participant_id\tage\nsub-01\t3\nsub-01\t3\n"), "01", None
    )
    assert values == {"age": 3.0}
    assert notes == ()


def test_a_session_overrides_the_person(tmp_path):
    _participants(tmp_path, "participant_id\tage\tsex\nsub-01\t30\tF\n")
    (tmp_path / "sub-01").mkdir()
    (tmp_path / "sub-01" / "sub-01_sessions.tsv").write_text("session_id\tage\nses-01\t30.5\nses-02\t31.5\n")
    assert read_covariates(tmp_path, "01", "02")[0] == {"age": 31.5, "sex": "F"}


def test_phenotype_is_read_and_a_name_that_is_taken_gets_the_name_of_its_file(tmp_path):
    _participants(tmp_path, "participant_id\tage\nsub-01\t30\n")
    folder = tmp_path / "phenotype"
    folder.mkdir()
    (folder / "crsr.tsv").write_text("participant_id\tsession_id\ttotal\tage\nsub-01\tses-02\t11\t31\n")
    (folder / "gos.tsv").write_text("participant_id\ttotal\nsub-01\t4\n")
    assert read_covariates(tmp_path, "01", "02")[0] == {
        "age": 30.0,
        "total": 11.0,
        "crsr_age": 31.0,
        "gos_total": 4.0,
    }
    assert "total" not in read_covariates(tmp_path, "01", "01")[0]
    assert read_covariates(tmp_path, "01", "02", phenotype=False)[0] == {"age": 30.0}


def test_a_changed_table_is_read_again(tmp_path):
    read_covariates(_participants(tmp_path, "participant_id\tage\nsub-01\t30\n"), "01", None)
    _participants(tmp_path, "participant_id\tage\nsub-01\t301\n")
    assert read_covariates(tmp_path, "01", None)[0] == {"age": 301.0}
