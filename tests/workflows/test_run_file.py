"""The file of a run's options brings the same run back."""

from dataclasses import replace
from pathlib import Path

import pytest

from bidsapp import __version__
from bidsapp.cli import main
from bidsapp.cli.parse import parse
from bidsapp.workflows import subject
from bidsapp.workflows.device import Devices
from bidsapp.workflows.run_file import write_run_file
from bidsapp.workflows.task import SubjectTask


@pytest.fixture
def words(tmp_path):
    (tmp_path / "filters.json").write_text('{"T1w": {"acquisition": null, "run": [1, 2]}}')
    return [str(tmp_path / "my data"), str(tmp_path / "out"), "participant"]


def test_the_file_gives_the_same_settings_again(words, tmp_path):
    asked = parse(
        [
            *words,
            *("--participant-label", "01", "sub-02", "--analysis", "anomaly", "--clean-workdir"),
            *("--bids-filter-file", str(tmp_path / "filters.json"), "--mem-gb", "2.5", "-vv"),
            *(
                "--work-dir",
                'a "quoted"\tplace of \N{LATIN SMALL LETTER E WITH ACUTE}\N{NO-BREAK SPACE}\x7f\n',
            ),
        ]
    )
    path = write_run_file(asked, tmp_path / "out" / "logs" / "sub-01")
    assert parse([*words, "--config-file", str(path)]) == asked


def test_the_device_is_the_one_that_was_asked_for(words, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("bidsapp.bids.dataset.check_dataset", lambda settings: None)
    monkeypatch.setattr("bidsapp.workflows.device.resolve_device", lambda name: Devices("cuda:0", (), ()))
    monkeypatch.setattr(main, "_dry_run", lambda settings: seen.append(settings) or 0)
    assert main._run([*words, "--device", "cuda:1", "--dry-run"]) == 0
    assert seen[0].device == "cuda:0"
    assert parse([*words, "--config-file", str(write_run_file(seen[0], tmp_path))]).device == "cuda:1"


def test_what_was_not_asked_for_is_not_written_and_comments_say_how_to_run_it_again(words, tmp_path):
    text = write_run_file(parse(words), tmp_path).read_text()
    lines = text.splitlines()
    assert lines[0].startswith(f"# bidsapp {__version__} (Python 3.")
    assert lines[2].startswith(f"# bidsapp '{tmp_path}/my data' {tmp_path}/out participant --config-file ")
    assert "participant-label" not in text
    assert "filters.json" not in text


def test_a_name_that_no_text_can_hold_does_not_break_the_file(words, tmp_path):
    odd = replace(parse(words), bids_dir=Path("/one\ntwo"), work_dir=Path("/\udcff"))
    path = write_run_file(odd, tmp_path)
    assert str(parse([*words, "--config-file", str(path)]).work_dir) == "/\N{REPLACEMENT CHARACTER}"


def test_every_subject_that_is_run_has_one(words, monkeypatch):
    settings = replace(parse(words), nprocs=7)
    task = SubjectTask(settings, "01", (), (), None)
    monkeypatch.setattr(subject, "_write_to_log", lambda _: None)
    subject.process_subject(task, lambda _: None)
    assert "nprocs = 7" in (task.log_dir / "run.toml").read_text()
