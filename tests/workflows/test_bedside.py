"""The exams that count are those near the scan; where nothing tells which are, the bundle says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidsapp.cohort import Cohort, Member
from bidsapp.errors import NothingSelectedError
from bidsapp.workflows.bedside import with_exams

HEAD = "participant_id\tdays_since_injury\ttotal\n"
EXAMS = HEAD + "sub-1\t20\t4\nsub-1\t30\t6\nsub-1\t200\t19\nsub-2\t10\t8\n"


def dataset(folder: Path, exams: str, participants: str = "participant_id\nsub-1\nsub-2\n") -> Path:
    (folder / "phenotype").mkdir()
    (folder / "phenotype" / "crsr.tsv").write_text(exams)
    (folder / "participants.tsv").write_text(participants)
    return folder


def labels(cohort: Cohort | None) -> dict[str, object]:
    assert cohort is not None
    return {member.name: member.covariates["crsr"] for member in cohort.members}


TWO = Cohort((Member(subject="1"), Member(subject="2")))


def test_exams_near_the_scan_count_and_not_the_last_ones(tmp_path: Path) -> None:
    days = "participant_id\tdays_since_injury\nsub-1\t24\nsub-2\t11\n"
    cohort = with_exams(TWO, dataset(tmp_path, EXAMS, days))
    assert labels(cohort) == {"sub-1": 6, "sub-2": 8}
    assert cohort is not None
    (note,) = cohort.notes
    assert note.startswith("2 of 2 labels rest on fewer than 6 exams: one exam alone misdiagnoses 36% of")


def test_each_session_has_the_exams_of_its_own_day(tmp_path: Path) -> None:
    bids = dataset(tmp_path, EXAMS)
    (bids / "sub-1").mkdir()
    (bids / "sub-1" / "sub-1_sessions.tsv").write_text(
        "session_id\tdays_since_injury\nses-a\t18\nses-b\t199\nses-c\t100\n"
    )
    cohort = with_exams(Cohort(tuple(Member(subject="1", session=name) for name in "abc")), bids)
    assert labels(cohort) == {"sub-1_ses-a": 6, "sub-1_ses-b": 19}
    assert cohort is not None
    assert "Sessions without an exam within 14 days of the scan were left out (1)." in cohort.notes


@pytest.mark.parametrize(
    ("exams", "label"),
    [(EXAMS, 19), ("participant_id\ttotal\nsub-1\t12\nsub-1\t5\nsub-2\t3\n", 12)],
)
def test_exams_that_nothing_places_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, exams: str, label: int
) -> None:
    cohort = with_exams(TWO, dataset(tmp_path, exams))
    assert labels(cohort)["sub-1"] == label
    assert cohort is not None
    assert "Of 1 of 2 sessions it is not known which exams are near the scan" in cohort.notes[0]
    assert cohort.notes[0] in caplog.messages


def test_nobody_with_an_exam_near_the_scan(tmp_path: Path) -> None:
    days = "participant_id\tdays_since_injury\nsub-1\t1000\nsub-2\t1000\n"
    with pytest.raises(NothingSelectedError, match="No preprocessed session has an exam within 14 days of"):
        with_exams(TWO, dataset(tmp_path, EXAMS, days))
    with pytest.raises(NothingSelectedError, match="check participant_id there"):
        with_exams(Cohort((Member(subject="9"),)), tmp_path)
