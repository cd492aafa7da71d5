"""CRS-R exams are found in tables as people write them; predictions of a group pass the BIDS validator."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bidsapp.bids.dataset import prepare_output
from bidsapp.bids.phenotype import ExamRow, exam_columns, read_exams, write_predicted
from bidsapp.bids.sink import write_findings
from bidsapp.errors import BadDataError
from bidsapp.findings import Cell, Column, Findings, Table

COLUMNS = (
    Column(name="crsr_predicted", description="Predicted total", unit="point"),
    Column(name="crsr_lower", description="Lower end of the 90 % interval", unit="point"),
)


def _table(folder, name, text):
    (folder / "phenotype").mkdir(exist_ok=True)
    (folder / "phenotype" / name).write_text(text)


def _predicted(columns: tuple[Column, ...], row: tuple[Cell, ...]) -> Table:
    """Give the table that the coma analysis writes (``coma.tables.prediction_table``)."""
    return Table(
        title="Prediction",
        suffix="beh",
        datatype="beh",
        entities={"task": "crsr", "desc": "predicted"},
        columns=columns,
        rows=(row,),
    )


def _findings(subject, session, row):
    table = _predicted(COLUMNS, row)
    return Findings(
        analysis="coma", title="Coma", subject=subject, session=session, summary="", tables=(table,)
    )


@pytest.mark.parametrize(
    ("stem", "column", "name"),
    [
        ("coma", "crsr_total", "total"),
        ("coma", "crs_r", "total"),
        ("coma", "CRS-R", "total"),
        ("coma", "CRS-R total score", "total"),
        ("coma", "crsr_auditory", "auditory"),
        ("coma", "crs_r_oromotor_verbal", "oromotor"),
        ("crsr", "total", "total"),
        ("crs-r_exams", "Visual function scale", "visual"),
        ("coma", "visual", None),
        ("coma", "total", None),
        ("crsr", "examiner", None),
    ],
)
def test_columns_are_found_by_common_names(stem, column, name):
    assert exam_columns(stem, [column]).get(column) == name


@pytest.mark.parametrize("days", ["days_since_injury", "Days post-injury", "dpi", "days"])
def test_days_count_only_in_tables_of_exams(days):
    assert exam_columns("coma", [days, "crs_r"])[days] == "days"
    assert exam_columns("coma", [days, "age"]) == {}


def test_a_patient_may_have_several_rows(tmp_path):
    _table(
        tmp_path,
        "crsr.tsv",
        "participant_id\tsession_id\tdays_since_injury\tcrsr_total\tcrsr_visual\n"
        "sub-01\tses-a\t20\t7\tn/a\nsub-01\tses-a\t22\t9\t3\nsub-02\tn/a\tn/a\tn/a\tn/a\n",
    )
    _table(tmp_path, "memory.tsv", "participant_id\ttotal\nsub-01\t3\n")
    _table(tmp_path, "crsrpredicted.tsv", "participant_id\tcrsr_total\nsub-01\t3\n")
    assert read_exams(tmp_path) == (
        ExamRow(subject="01", session="a", days=20, total=7, where="sub-01 in row 2 of crsr.tsv"),
        ExamRow(
            subject="01",
            session="a",
            days=22,
            total=9,
            subscales={"visual": 3.0},
            where="sub-01 in row 3 of crsr.tsv",
        ),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "participant_id\tcrsr_total\nsub-01\tlow\n",
            "Column crsr_total of sub-01 in row 2 of x.tsv holds 'low'; write a number",
        ),
        ("crsr_total\n5\n", "has scores of the CRS-R but no column participant_id; add it."),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path, text, sentence):
    _table(tmp_path, "x.tsv", text)
    with pytest.raises(BadDataError, match=sentence):
        read_exams(tmp_path)


@pytest.mark.parametrize("session", [None, "1"])
def test_predictions_of_subject_and_group_pass_the_validator(make_raw, bids_errors, session):
    folder = "sub-01" if session is None else "sub-01/ses-1"
    stem = folder.replace("/", "_")
    settings = make_raw(
        {"participants.tsv": "participant_id\nsub-01\n", f"{folder}/anat/{stem}_T1w.nii.gz": None}
    )
    out = settings.output_dir
    prepare_output(out, settings, "0.1.0")
    findings = write_findings(_findings("01", session, (11.25, None)), None, out)
    path = write_predicted(out, [findings])
    assert path == out / "phenotype" / "crsrpredicted.tsv"
    assert (out / folder / "beh" / f"{stem}_task-crsr_desc-predicted_beh.json").is_file()
    assert bids_errors(out) == []


def test_the_group_has_a_row_for_each_subject_and_session_with_the_subject_first(tmp_path):
    path = write_predicted(
        tmp_path, [_findings("02", None, (5.0, 1.0)), _findings("01", "b", (11.0, float("nan")))]
    )
    assert path is not None
    assert path.read_text() == (
        "participant_id\tsession_id\tcrsr_predicted\tcrsr_lower\n"
        "sub-01\tses-b\t11.0\tn/a\nsub-02\tn/a\t5.0\t1.0\n"
    )
    content = json.loads(path.with_suffix(".json").read_text())
    assert content["crsr_predicted"] == {"Description": "Predicted total", "Units": "point"}
    assert "TaskName" not in content
    assert write_predicted(tmp_path, [Findings(**dict.fromkeys(
        ("analysis", "title", "subject", "session", "summary"), "x"))]) is None  # fmt: skip
    assert not path.exists()


def test_tables_of_two_versions_are_not_mixed(tmp_path):
    old = _findings("02", None, (5.0, 1.0))
    old = replace(old, tables=(_predicted(COLUMNS[:1], (5.0,)),))
    with pytest.raises(
        BadDataError, match="sub-02 has other columns than that of sub-01; run participant again"
    ):
        write_predicted(tmp_path, [_findings("01", None, (5.0, 1.0)), old])
