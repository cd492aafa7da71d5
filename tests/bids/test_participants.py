"""Only the declared columns travel with the derivatives."""

from __future__ import annotations

from bidsapp.bids.participants import declared_columns, write_participants
from bidsapp.reports.layout import read_layout


def test_only_declared_columns_and_present_subjects_are_copied(tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    (raw / "participants.tsv").write_text(
        "participant_id\tname\tage\tsex\thospital\nsub-01\tAnna\t30\tF\tX\nsub-02\tBo\t\tM\tY\nsub-03\tC\t1\tM\tZ\n"
    )
    for label in ("01", "02", "04"):
        (out / f"sub-{label}").mkdir(parents=True)
    write_participants(out, raw)
    assert (out / "participants.tsv").read_text() == (
        "participant_id\tage\tsex\nsub-01\t30\tF\nsub-02\tn/a\tM\nsub-04\tn/a\tn/a\n"
    )


def test_every_column_that_the_group_report_looks_into_travels():
    layout = read_layout()
    assert {*layout.comparison.columns, *layout.agreement.columns} <= set(declared_columns())


def test_without_subjects_nothing_is_written(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "out").mkdir()
    write_participants(tmp_path / "out", tmp_path / "raw")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_dataset_that_is_away_leaves_the_table_as_it_is(tmp_path):
    (tmp_path / "out" / "sub-01").mkdir(parents=True)
    table = tmp_path / "out" / "participants.tsv"
    table.write_text("participant_id\tage\nsub-01\t30\n")
    write_participants(tmp_path / "out", tmp_path / "away")
    assert table.read_text() == "participant_id\tage\nsub-01\t30\n"


def test_a_raw_dataset_without_the_table_gives_labels_alone(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "out" / "sub-01").mkdir(parents=True)
    write_participants(tmp_path / "out", tmp_path / "raw")
    assert (tmp_path / "out" / "participants.tsv").read_text() == "participant_id\nsub-01\n"
