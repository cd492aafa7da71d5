"""Who is run again: exactly those whose status files do not say done."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidsapp.cli.hpc.subjects import select, unfinished
from bidsapp.errors import BadDataError, ExitCode
from bidsapp.layout import status_file
from bidsapp.settings import Settings
from bidsapp.status import RunStatus


def say(out: Path, subject: str, state: str, session: str | None = None, error: str = "") -> None:
    status = RunStatus(subject=subject, session=session, state=state, version="0", error=error)
    status.write(status_file(out, subject, session))


@pytest.fixture
def partly(out: Path) -> Path:
    """Give an output folder: 01 is done, of 02 one session failed, 03 was killed."""
    say(out, "01", "done")
    say(out, "02", "done", "1")
    say(out, "02", "failed", "2", "sub-02: no brain was found.")
    say(out, "03", "running")
    return out


def test_reasons_are_those_of_the_status_files(partly):
    selected = {"01": (None,), "02": ("1", "2"), "03": (None,), "04": (None,)}
    assert unfinished(partly, selected) == {
        "02": "ses-2: no brain was found.",
        "03": "begun, but killed or still running",
        "04": "never begun",
    }


def test_a_damaged_status_proves_nothing(partly):
    status_file(partly, "01", None).write_text("{")
    assert "status.json" in unfinished(partly, {"01": (None,)})["01"]


def test_resubmit_lists_the_unfinished_alone(hpc, partly):
    code, said = hpc("--resubmit")
    assert code == 0
    assert "1 of 3 subjects are finished, 2 are not." in said
    folder = max((partly / "work" / "hpc").iterdir())
    assert (folder / "subjects.txt").read_text() == "02\n03\n"


def test_when_all_are_finished_nothing_is_written(hpc, partly):
    code, said = hpc("--resubmit", "--participant-label", "01")
    assert (code, "1 of 1 subjects are finished" in said) == (0, True)
    assert not (partly / "work").exists()


def test_unfinished_only_prints_and_its_exit_code_says_so(hpc, partly, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("sub-01\n")
    assert hpc("--unfinished")[0] == ExitCode.SUBJECT_FAILED
    assert hpc("--unfinished", "--subjects-from", str(names))[0] == ExitCode.OK
    assert not (partly / "work").exists()


def test_a_folder_whose_label_no_task_could_name_is_said(bids, out):
    (bids / "sub-a\nb").mkdir()
    with pytest.raises(BadDataError, match="is no BIDS label"):
        select(Settings(bids_dir=bids, output_dir=out, levels=("participant",)), None)
