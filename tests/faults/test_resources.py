"""A machine that does not give what a run needs is named in one sentence, with the documented exit code."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from bidsapp.cli.main import main
from bidsapp.cli.parse import parse
from bidsapp.errors import ExitCode
from bidsapp.workflows.claim import claim
from bidsapp.workflows.models import brain_bundle
from bidsapp.workflows.task import SubjectTask
from tests.faults.datasets import assert_no_traceback, make_dataset, run


def test_a_full_disk_is_an_input_output_error(head: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: writing fails midway, as when it is full."""
    make_dataset(tmp_path / "bids", ["one"], head)

    def no_space() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = run([str(tmp_path / "bids"), str(tmp_path / "out"), "participant"], before=no_space)
    assert_no_traceback(done.stdout + done.stderr)
    assert done.returncode == ExitCode.INPUT_OUTPUT, done.stderr
    assert "free space" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_output_cannot_be_written(head: Path, tmp_path: Path) -> None:
    make_dataset(tmp_path / "bids", ["one"], head)
    (tmp_path / "out").mkdir(mode=0o500)
    done = run([str(tmp_path / "bids"), str(tmp_path / "out"), "participant"])
    assert_no_traceback(done.stdout + done.stderr)
    assert done.returncode == ExitCode.CANNOT_WRITE, done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_image_that_may_not_be_read_is_named(head: Path, tmp_path: Path) -> None:
    make_dataset(tmp_path / "bids", ["one"], head)
    image = tmp_path / "bids/sub-one/anat/sub-one_T1w.nii.gz"
    image.chmod(0)
    done = run([str(tmp_path / "bids"), str(tmp_path / "out"), "participant"])
    assert_no_traceback(done.stdout + done.stderr)
    assert done.returncode == ExitCode.SUBJECT_FAILED, done.stderr
    assert "ermission" in done.stdout + done.stderr


def test_a_gpu_that_is_not_there_is_no_cpu(
    head: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    make_dataset(tmp_path / "bids", ["one"], head)
    words = [str(tmp_path / "bids"), str(tmp_path / "out"), "participant", "--device", "cuda"]
    assert main(words) == ExitCode.UNAVAILABLE
    assert "--device cuda was asked for" in capsys.readouterr().err


def test_a_subject_that_another_run_works_on_is_left_to_it(head: Path, tmp_path: Path) -> None:
    make_dataset(tmp_path / "bids", ["one"], head)
    words = [str(tmp_path / "bids"), str(tmp_path / "out"), "participant"]
    settings = parse(words)
    task = SubjectTask(settings, "one", (None,), (), brain_bundle(settings))
    with claim(task.work_dir, "one"):
        done = run(words)
    assert_no_traceback(done.stdout + done.stderr)
    assert done.returncode == ExitCode.TRY_AGAIN, done.stderr
    assert "another run works on this subject" in done.stdout + done.stderr
