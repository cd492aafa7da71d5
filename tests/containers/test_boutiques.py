"""The descriptor runs the real images: Boutiques makes the command line, the container does the rest."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.containers.engines import OCI, ROOT, apptainer, environment
from tests.ready_signals import SONG_2018, add_subject, resting_signals, write_dataset

boutiques = pytest.importorskip("boutiques")
pytestmark = [pytest.mark.containers, pytest.mark.timeout(1200)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a subject who has signals alone, and engines by the names that Boutiques calls."""
    bids = write_dataset(tmp_path / "bids", "participant_id\tage\nsub-one\t40\n")
    add_subject(bids, "one", resting_signals(0, 60, len(SONG_2018)), RepetitionTime=2.0)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, words in {"docker": [OCI], "apptainer": apptainer()}.items():
        if words != [name]:
            (programs / name).write_text(f'#!/bin/bash\nexec {shlex.join(words)} "$@"\n')
            (programs / name).chmod(0o755)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{programs}:{environment()['PATH']}")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    for folder in (tmp_path, tmp_path / "out"):
        folder.chmod(0o777)
    return tmp_path


def launch(place: Path, container: dict[str, object], level: str, *words: str) -> object:
    """Run the committed descriptor, with a container, as ``bosh exec launch`` does."""
    descriptor = json.loads((ROOT / "descriptor.json").read_text())
    (place / "bidsapp.json").write_text(json.dumps({**descriptor, "container-image": container}))
    call = {
        "bids_dir": str(place / "bids"), "output_dir": "out", "analysis_level": [level],
        **({"analysis": ["coma"]} if level == "participant" else {}),
    }  # fmt: skip
    (place / "call.json").write_text(json.dumps(call))
    boutiques.validate(str(place / "bidsapp.json"))
    return boutiques.execute("launch", str(place / "bidsapp.json"), str(place / "call.json"), *words)


def test_docker_runs_both_levels(place, oci_image):
    container = {"type": "docker", "image": oci_image, "container-opts": ["--network none", "--read-only"]}
    done = launch(place, container, "participant", "--no-pull")
    assert done.exit_code == 0, done.stderr
    assert json.loads((place / "out/logs/sub-one/status.json").read_text())["state"] == "done"
    done = launch(place, container, "group", "--no-pull")
    assert done.exit_code == 0, done.stderr
    assert (place / "out/group_report.html").is_file()


def test_apptainer_runs_the_same_descriptor(place, sif):
    container = {"type": "singularity", "image": "bidsapp"}
    done = launch(place, container, "participant", "--imagepath", str(sif))
    assert done.exit_code == 0, done.stderr
    assert (place / "out/sub-one.html").is_file()
