"""Eight runs at once in one output folder: nothing is lost, nothing is torn, nobody's files go away."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bidsapp.bids.dataset import prepare_output
from bidsapp.bids.participants import write_participants
from bidsapp.cli.logfile import LogFile
from bidsapp.errors import CannotWriteError
from bidsapp.layout import status_file
from bidsapp.settings import Settings
from bidsapp.status import RunStatus
from bidsapp.workflows.claim import claim
from bidsapp.workflows.environment import WORK_PREFIX, occupy

RUNS = 8
OWN = 3


def subjects_of(number: int) -> list[str]:
    """Give a run's subjects; each shares one with the next run."""
    return [f"{label:02d}" for label in range(number * (OWN - 1), number * (OWN - 1) + OWN)]


def write(number: int, settings: Settings) -> None:
    """Write what a run writes for the dataset and for its subjects."""
    with LogFile(settings.output_dir) as log:
        prepare_output(settings.output_dir, settings, "0")
        for subject in subjects_of(number):
            (settings.output_dir / f"sub-{subject}").mkdir(exist_ok=True)
            status = RunStatus(subject=subject, session=None, state="done", version="0")
            status.write(status_file(settings.output_dir, subject, None))
            write_participants(settings.output_dir, settings.bids_dir)
            log.write(f"run {number} subject {subject}")


def come_and_go(number: int, settings: Settings) -> None:
    """Take and leave the work folder many times; what was made in it must stay while it is held."""
    environment = dict(os.environ)
    for round_ in range(15):
        with occupy(settings.work_root, threads=1):
            tempfile.tempdir = None
            with tempfile.NamedTemporaryFile() as stream:
                folder = settings.work_root / f"{WORK_PREFIX}0" / f"sub-{number}"
                with claim(folder, str(number)):
                    assert folder.is_dir()
                    time.sleep(0.001 * ((number + round_) % 3))
                    assert Path(stream.name).is_relative_to(settings.work_root)
                    assert Path(stream.name).exists()
                    folder.rmdir()
        os.environ.clear()
        os.environ.update(environment)


def at_once(work: Callable[[int, Settings], None], settings: Settings) -> list[multiprocessing.Process]:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=work, args=(number, settings)) for number in range(RUNS)]
    for process in processes:
        process.start()
    return processes  # type: ignore[return-value]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    bids = tmp_path / "bids"
    bids.mkdir()
    rows = "".join(f"sub-{label:02d}\t{20 + label}\n" for label in range(RUNS * OWN))
    (bids / "participants.tsv").write_text(f"participant_id\tage\n{rows}")
    (bids / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    return Settings(bids_dir=bids, output_dir=tmp_path / "out", levels=("participant",))


def test_tables_hold_every_subject_once_and_are_whole_at_every_moment(settings):
    processes = at_once(write, settings)
    out = settings.output_dir
    looked = 0
    while any(process.is_alive() for process in processes):
        if (out / "dataset_description.json").exists():
            assert json.loads((out / "dataset_description.json").read_text())["DatasetType"] == "derivative"
        if (out / "participants.tsv").exists():
            lines = (out / "participants.tsv").read_text().split("\n")
            assert (lines[0], lines[-1]) == ("participant_id\tage", "")
            looked += 1
        time.sleep(0.001)
    assert [process.exitcode for process in processes] == [0] * RUNS
    assert looked
    known = sorted({subject for number in range(RUNS) for subject in subjects_of(number)})
    rows = (out / "participants.tsv").read_text().splitlines()[1:]
    assert rows == [f"sub-{label}\t{20 + int(label)}" for label in known]
    assert {path.parent.name for path in out.glob("logs/*/status.json")} == {
        f"sub-{label}" for label in known
    }
    assert not list(out.rglob("*.tmp"))


def test_each_run_has_a_log_of_its_own_even_with_one_process_number(settings, monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: 1)
    for process in at_once(write, settings):
        process.join()
    logs = [path.read_text() for path in (settings.output_dir / "logs").glob("bidsapp-*.log")]
    assert len(logs) == RUNS
    assert sorted({line.split()[2] for line in text.splitlines()}.pop() for text in logs) == [
        str(number) for number in range(RUNS)
    ]
    assert all(len(text.splitlines()) == OWN for text in logs)


def test_no_run_removes_what_another_has_just_made_and_the_last_removes_all(settings):
    processes = at_once(come_and_go, settings)
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * RUNS
    assert not settings.work_root.exists()


def test_a_subject_that_left_something_keeps_the_work_folder(settings):
    left = settings.work_root / f"{WORK_PREFIX}0" / "sub-1"
    with occupy(settings.work_root, threads=1):
        left.mkdir(parents=True)
    assert left.is_dir()


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK])
def test_a_file_system_without_locks_is_said_with_the_remedy(code, settings, monkeypatch):
    def refuse(stream: object, kind: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(CannotWriteError, match="--work-dir"), occupy(settings.work_root, threads=1):
        pass


def test_a_folder_that_can_never_be_made_is_an_error_and_no_endless_loop(settings):
    nowhere = Path("/proc/self/work")
    with pytest.raises(CannotWriteError, match="another"), occupy(nowhere, threads=1):
        pass
