"""Bad input ends in one sentence, the documented exit code and no traceback; sound subjects finish."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from bidsapp.cli.main import main
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


class TestManyBrokenSubjects:
    """One run over a dataset of broken subjects, with two sound ones between them."""

    @pytest.fixture(scope="class")
    def outcome(
        self, head: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> tuple[Path, subprocess.CompletedProcess[str]]:
        folder = tmp_path_factory.mktemp("broken")
        make_dataset(folder / "bids", ["good", "odd", *(fault.name for fault in SUBJECT_FAULTS)], head)
        for fault in SUBJECT_FAULTS:
            fault.harm(t1w(folder / "bids", label=fault.name))
        for harm in ODD_BUT_USABLE:
            harm(t1w(folder / "bids", label="odd"))
        done = run([str(folder / "bids"), str(folder / "out"), "participant", "--nprocs", "2"])
        return folder / "out", done

    def test_the_exit_code_says_that_subjects_failed(
        self, outcome: tuple[Path, subprocess.CompletedProcess[str]]
    ) -> None:
        done = outcome[1]
        assert done.returncode == 1, done.stderr[-2000:]
        assert_no_traceback(done.stdout + done.stderr)

    @pytest.mark.parametrize("fault", SUBJECT_FAULTS, ids=lambda fault: fault.name)
    def test_each_broken_subject_has_its_sentence(
        self, fault: SubjectFault, outcome: tuple[Path, subprocess.CompletedProcess[str]]
    ) -> None:
        out, done = outcome
        status = json.loads((out / "logs" / f"sub-{fault.name}" / "status.json").read_text())
        assert status["state"] == "failed"
        assert re.search(fault.sentence, status["error"]), status["error"]
        assert f"sub-{fault.name}" in status["error"]
        assert status["exit_code"] == fault.code
        assert status["error"].count("\n") == 0
        assert f"sub-{fault.name}" in done.stdout + done.stderr

    @pytest.mark.parametrize("label", ["good", "odd"])
    def test_sound_subjects_finish(
        self, label: str, outcome: tuple[Path, subprocess.CompletedProcess[str]]
    ) -> None:
        out = outcome[0]
        status = json.loads((out / "logs" / f"sub-{label}" / "status.json").read_text())
        assert status["state"] == "done", status["error"]
        assert (out / f"sub-{label}.html").exists()
