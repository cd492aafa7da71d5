import pytest

from bidsapp.errors import BadDataError, NoInputError
from bidsapp.reports.collect import find_subjects, find_visits, read_participants

from .conftest import Fixture


def test_subjects_and_sessions_come_in_natural_order(output: Fixture) -> None:
    for subject, session in (("10", None), ("2", "10"), ("2", "9")):
        output.status(subject, session).write(output.logs(subject, session) / "status.json")
    assert find_subjects(output.path) == ("2", "10")
    assert [visit.session for visit in find_visits(output.path, "2")] == ["9", "10"]


def test_damaged_logs_are_told_and_the_rest_is_read(output: Fixture) -> None:
    output.add("01")
    (output.logs("01") / "findings-broken.json").write_text("{")
    (output.logs("01") / "status.json").write_text("[]")
    (visit,) = find_visits(output.path, "01")
    assert len(visit.findings) == 2
    assert visit.state == "unknown"
    assert len(visit.problems) == 2
    assert str(output.path) not in " ".join(visit.problems)


@pytest.mark.parametrize("state", ["failed", "running"])
def test_findings_that_the_last_run_was_to_renew_and_has_not_are_left_out(
    output: Fixture, state: str
) -> None:
    output.add("01")
    output.status("01", state=state, undone=("tea",)).write(output.logs("01") / "status.json")
    (visit,) = find_visits(output.path, "01")
    assert [item.analysis for item in visit.findings] == ["preproc"]
    assert visit.problems == (
        "sub-01: the findings of tea that are there are left out: "
        "they are older than the last run's images; run tea again.",
    )


@pytest.mark.parametrize("label", ["..", "../../etc", "a/b", ""])
def test_a_label_cannot_leave_the_folder(output: Fixture, label: str) -> None:
    with pytest.raises(BadDataError):
        find_visits(output.path, label)


def test_a_subject_without_logs_is_an_error(output: Fixture) -> None:
    with pytest.raises(NoInputError, match="sub-77"):
        find_visits(output.path, "77")


def test_participants_may_have_gaps(output: Fixture) -> None:
    (output.path / "participants.tsv").write_text("participant_id\tage\tsex\nsub-01\t44\tn/a\nsub-02\n")
    assert read_participants(output.path) == {"01": {"age": "44"}, "02": {}}
