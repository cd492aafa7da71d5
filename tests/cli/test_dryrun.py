"""A dry run names files, steps planned and done, and what is missing for each analysis."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from bidsapp.bids import dataset
from bidsapp.cli.dryrun import describe
from bidsapp.cli.main import main
from bidsapp.settings import Settings
from bidsapp.workflows import run
from bidsapp.workflows.device import resolve_device

SETTINGS = Settings(bids_dir=Path("/in"), output_dir=Path("/out"), levels=("participant",))


def plan(**changes):
    return SimpleNamespace(
        **{
            "subject": "01",
            "session": "a",
            "images": {"T1w": Path("/in/sub-01/ses-a/anat/sub-01_ses-a_T1w.nii.gz")},
            "covariates": {"age": 40},
            "steps": ("mask", "align"),
            "done": ("mask",),
            "missing": {"ms": "no FLAIR"},
            "notes": ("run-2 was chosen among 2",),
        }
        | changes
    )


def test_a_session_is_described_file_by_file_and_step_by_step():
    assert list(describe(SETTINGS, [plan()]))[2:] == [
        "sub-01 ses-a",
        "  T1w: sub-01/ses-a/anat/sub-01_ses-a_T1w.nii.gz",
        "  covariates: age=40",
        "  planned: align",
        "  done: mask",
        "  missing for ms: no FLAIR",
        "  note: run-2 was chosen among 2",
        "1 subject, 1 session, 1 with work to do.",
    ]


def test_sessions_of_a_subject_count_once_and_finished_ones_are_no_work():
    last = list(describe(SETTINGS, [plan(), plan(session="b", done=("mask", "align"))]))[-1]
    assert last == "1 subject, 2 sessions, 1 with work to do."


def test_levels_without_subjects_have_their_own_lines():
    lines = list(describe(SETTINGS, None, ["group: from 4 sessions of 2 subjects."]))
    assert lines[2:] == ["group: from 4 sessions of 2 subjects."]


def test_a_file_outside_of_the_dataset_keeps_its_whole_path():
    lines = list(describe(SETTINGS, [plan(images={"pet": Path("/other/x.nii")})]))
    assert "  pet: /other/x.nii" in lines


def test_a_dry_run_compares_with_results_of_the_device_that_a_run_would_use(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(dataset, "check_dataset", lambda _: None)
    monkeypatch.setattr(run, "plan", lambda settings: seen.append(settings.device) or [])
    assert main([str(tmp_path), str(tmp_path / "out"), "participant", "--dry-run"]) == 0
    assert seen == [resolve_device("auto").device]


WITHOUT_NAMES = """
import os, socket, sys
socket.getaddrinfo = lambda host, *_, **__: (print("asked for", host), os._exit(9))
from bidsapp.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_dry_run_asks_for_no_host(tmp_path):
    anat = tmp_path / "bids" / "sub-01" / "anat"
    anat.mkdir(parents=True)
    (anat / "sub-01_T1w.nii.gz").write_bytes(b"x")
    described = {"Name": "one", "BIDSVersion": "1.10.0"}
    (tmp_path / "bids" / "dataset_description.json").write_text(json.dumps(described))
    words = [str(tmp_path / "bids"), str(tmp_path / "out"), "participant", "--dry-run"]
    bare = {name: value for name, value in os.environ.items() if name not in {"NO_ET", "NIPYPE_NO_ET"}}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NAMES, *words], env=bare, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 subject, 1 session, 1 with work to do." in done.stdout
