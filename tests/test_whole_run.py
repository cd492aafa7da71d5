"""The whole road, from a simulated dataset to reports, by the command line and with the packaged bundles."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bidsapp.layout import status_file
from bidsapp.simulate.sample import write_sample
from bidsapp.status import RunStatus

PATIENT, CONTROL = "patient01", "control01"
VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")


def bidsapp(bids: Path, out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    command = [sys.executable, "-m", "bidsapp.cli.main", str(bids), str(out), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def digests(out: Path) -> dict[str, str]:
    """Digest every file of the derivatives; logs tell of time and place and are left out."""
    files = [path for path in sorted(out.rglob("*")) if path.is_file()]
    kept = [path for path in files if path.relative_to(out).parts[0] != "logs" and path.suffix != ".html"]
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


@pytest.fixture(scope="module")
def bids(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "bids"
    write_sample(folder, subjects=[PATIENT, CONTROL], voxel_size=3.0)
    return folder


@pytest.fixture(scope="module")
def out(bids: Path) -> Path:
    folder = bids.parent / "out"
    done = bidsapp(bids, folder, "participant", "group", "--nprocs", "2")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(("subject", "session"), [(PATIENT, "01"), (PATIENT, "02"), (CONTROL, None)])
def test_every_session_is_done_and_says_what_it_cost(out: Path, subject: str, session: str | None) -> None:
    status = RunStatus.read(status_file(out, subject, session))
    assert (status.state, status.error) == ("done", "")
    assert sum(step.cpu_seconds for step in status.steps) > 1
    assert max(step.peak_memory_mb for step in status.steps) < 3000
    assert all((out / name).is_file() for name in status.outputs)


def test_outputs_have_the_declared_names(out: Path) -> None:
    names = set(digests(out))
    stem = "sub-control01/anat/sub-control01"
    space = "space-MNI152NLin2009cAsym"
    assert {
        f"{stem}_desc-preproc_T1w.nii.gz",
        f"{stem}_space-T1w_desc-preproc_FLAIR.nii.gz",
        f"{stem}_desc-brain_mask.nii.gz",
        f"{stem}_dseg.nii.gz",
        f"{stem}_label-GM_probseg.nii.gz",
        f"{stem}_from-T1w_to-MNI152NLin2009cAsym_mode-image_xfm.h5",
        f"{stem}_from-MNI152NLin2009cAsym_to-T1w_mode-image_xfm.h5",
        f"{stem}_{space}_res-2_desc-preproc_T1w.nii.gz",
        f"{stem}_space-T1w_label-anomaly_mask.nii.gz",
        f"{stem}_space-T1w_label-anomaly_probseg.nii.gz",
        "sub-control01/pet/sub-control01_trc-18FFDG_space-T1w_desc-suvr_pet.nii.gz",
        "participants.tsv",
    } <= names


@pytest.mark.skipif(not VALIDATOR.exists(), reason="bids-validator-deno is not installed")
def test_input_and_output_are_valid_bids(bids: Path, out: Path) -> None:
    for folder in (bids, out):
        done = subprocess.run([VALIDATOR, "--json", folder], capture_output=True, text=True, check=False)
        issues = json.loads(done.stdout)["issues"]["issues"]
        assert [issue for issue in issues if issue["severity"] == "error"] == []


def test_reports_show_the_person_and_the_group(out: Path) -> None:
    page = (out / "sub-patient01.html").read_text()
    assert page.count("Research use only") >= 1
    assert "ses-01" in page
    assert "ses-02" in page
    assert (out / "sub-patient01.html").stat().st_size < 5_000_000
    assert "sub-control01.html" in (out / "group_report.html").read_text()


def test_a_run_that_has_nothing_to_do_changes_no_byte(bids: Path, out: Path) -> None:
    before = digests(out)
    done = bidsapp(bids, out, "participant")
    assert done.returncode == 0
    assert done.stderr.count("nothing changed") == 2
    assert digests(out) == before
    assert not (out / "work").exists()


def test_one_process_gives_the_bytes_of_two(bids: Path, out: Path) -> None:
    again = bids.parent / "again"
    done = bidsapp(bids, again, "participant", "--participant-label", CONTROL, "--nprocs", "1")
    assert done.returncode == 0, done.stderr
    of_subject = f"sub-{CONTROL}/"
    first = {name: digest for name, digest in digests(out).items() if name.startswith(of_subject)}
    assert {name: digest for name, digest in digests(again).items() if name.startswith(of_subject)} == first


def test_a_broken_session_fails_alone_and_is_named(bids: Path, out: Path) -> None:
    broken = bids.parent / "broken"
    shutil.copytree(bids, broken)
    flair = broken / "sub-patient01" / "ses-02" / "anat" / "sub-patient01_ses-02_FLAIR.nii.gz"
    flair.write_bytes(flair.read_bytes()[:2000])
    results = bids.parent / "results"
    shutil.copytree(out, results)
    done = bidsapp(broken, results, "participant", "--participant-label", PATIENT)
    assert done.returncode == 1
    assert str(flair) in done.stderr
    assert "Traceback" not in done.stderr
    assert RunStatus.read(status_file(results, PATIENT, "01")).state == "done"
    assert RunStatus.read(status_file(results, PATIENT, "02")).state == "failed"
    assert (results / "sub-patient01" / "ses-02" / "anat").is_dir(), "earlier results stay"
