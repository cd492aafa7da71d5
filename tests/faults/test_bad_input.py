"""Bad input ends in one sentence, the documented exit code and no traceback; sound subjects finish."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bidsapp.cli.main import main
from bidsapp.errors import ExitCode
from bidsapp.layout import status_file
from bidsapp.status import RunStatus
from tests.faults.broken import ODD_BUT_USABLE, SUBJECT_FAULTS, SubjectFault
from tests.faults.commands import RUN_FAULTS, RunFault
from tests.faults.datasets import assert_no_traceback, make_dataset, run
from tests.faults.tables import ODDITIES, Oddity, t1w


@pytest.mark.parametrize("fault", RUN_FAULTS, ids=lambda fault: fault.name)
def test_a_run_that_cannot_start_says_why(
    fault: RunFault, head: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make_dataset(tmp_path / "bids", ["one"], head)
    fault.change(tmp_path)
    code = main(fault.words.replace("{}", str(tmp_path)).split())
    said = capfd.readouterr()
    assert_no_traceback(said.err + said.out)
    assert re.search(fault.sentence.replace("{}", re.escape(str(tmp_path))), said.err), said.err
    assert code == fault.code, said.err
    assert len(re.findall(r"^bidsapp: |^\[1/1\] sub-one failed: ", said.err, re.MULTILINE)) == 1


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda oddity: oddity.name)
def test_an_odd_dataset_is_lived_with(
    oddity: Oddity, head: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "données 数据"
    make_dataset(root, ["one"], head)
    oddity.change(root)
    code = main([str(root), str(tmp_path / "out"), "participant", "--dry-run"])
    said = capsys.readouterr()
    assert_no_traceback(said.err + said.out)
    assert code == 0, said.err
    assert re.search(oddity.sentence, said.out), said.out
    assert not (tmp_path / "out").exists()


@pytest.mark.timeout(1800)
def test_one_run_over_broken_subjects_fails_each_and_finishes_the_sound(head: Path, tmp_path: Path) -> None:
    """One test, not one for each fault: workers of pytest-xdist would repeat the run."""
    make_dataset(tmp_path / "bids", ["good", "odd", *(fault.name for fault in SUBJECT_FAULTS)], head)
    for fault in SUBJECT_FAULTS:
        fault.harm(t1w(tmp_path / "bids", label=fault.name))
    for harm in ODD_BUT_USABLE:
        harm(t1w(tmp_path / "bids", label="odd"))
    done = run([str(tmp_path / "bids"), str(tmp_path / "out"), "participant", "--nprocs", "2"], timeout=1700)
    said = done.stdout + done.stderr
    assert done.returncode == ExitCode.SUBJECT_FAILED, said[-2000:]
    assert_no_traceback(said)
    complaints = [text for fault in SUBJECT_FAULTS if (text := complaint(fault, tmp_path / "out", said))]
    assert not complaints, "\n".join(complaints)
    for label in ("good", "odd"):
        status = RunStatus.read(status_file(tmp_path / "out", label, None))
        assert status.state == "done", status.error
        assert (tmp_path / "out" / f"sub-{label}.html").exists()


def complaint(fault: SubjectFault, out: Path, said: str) -> str:
    """Say how the outcome of a broken subject differs from what it must be; empty if it does not."""
    status = RunStatus.read(status_file(out, fault.name, None))
    as_it_must_be = (
        status.state == "failed"
        and status.exit_code == fault.code
        and re.search(fault.sentence, status.error)
        and f"sub-{fault.name}" in status.error
        and "\n" not in status.error
        and f"sub-{fault.name}" in said
    )
    return "" if as_it_must_be else f"{fault.name}: {status.state}, {status.exit_code}, {status.error}"
