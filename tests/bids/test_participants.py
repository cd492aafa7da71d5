"""Only the declared columns travel with the derivatives."""

from __future__ import annotations

import pytest

from bidsapp.bids import participants
from bidsapp.bids.listing import list_subjects
from bidsapp.bids.participants import declared_columns, write_participants
from bidsapp.layout import status_file
from bidsapp.reports.layout import read_layout
from bidsapp.status import RunStatus


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


@pytest.mark.parametrize(("state", "times"), [("running", 1), ("done", 4)])
def test_it_is_written_again_for_those_who_came_meanwhile_unless_they_will_write_it(
    tmp_path, monkeypatch, state, times
):
    """Every listing finds one subject more, up to four, as on a cluster where tasks begin all the time."""
    out = tmp_path / "out"
    out.mkdir()
    tables = []

    def list_and_begin_another(folder):
        found = list_subjects(folder)
        if len(found) < 4:
            label = f"{len(found):02d}"
            (folder / f"sub-{label}").mkdir()
            status = RunStatus(subject=label, session=None, state=state, version="0")
            status.write(status_file(folder, label, None))
        return found

    def keep(path, text):
        tables.append(text)

    monkeypatch.setattr(participants, "list_subjects", list_and_begin_another)
    monkeypatch.setattr(participants, "write_text", keep)
    list_and_begin_another(out)
    write_participants(out, tmp_path)
    assert tables[:-1] == [
        "".join(["participant_id\n", *(f"sub-{n:02d}\n" for n in range(rows))])
        for rows in range(1, times + 1)
    ]
    assert tables[-1].startswith("{"), "participants.json comes last"
