"""Training by the command line, from derivatives and manual masks to a bundle; killed, it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bidsapp.bids.sink import write_findings
from bidsapp.bundle import Bundle
from bidsapp.cohort import Member
from bidsapp.files import digest_file
from bidsapp.findings import Findings, Map
from bidsapp.images.volume import read_volume, write_volume
from tests.analyses.ms.conftest import TINY, Make

PEOPLE = {"c1": "control", "p1": "patient", "p2": "patient"}
NAMES = {
    "T1w": ("T1w", {"desc": "preproc"}),
    "FLAIR": ("FLAIR", {"space": "T1w", "desc": "preproc"}),
    "mask": ("mask", {"desc": "brain"}),
    **{tissue: ("probseg", {"label": tissue}) for tissue in ("GM", "WM", "CSF")},
}
ENDS = {
    "native_to_standard": ("T1w", "MNI152NLin2009cAsym"),
    "standard_to_native": ("MNI152NLin2009cAsym", "T1w"),
}


def describe(folder: Path, kind: str, maker: str) -> Path:
    """Make a folder a BIDS dataset."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"Name": "x", "BIDSVersion": "1.10.0", "DatasetType": kind, "GeneratedBy": [{"Name": maker}]}
    (folder / "dataset_description.json").write_text(json.dumps(content))
    return folder


def preprocess(member: Member, folder: Path) -> None:
    """Leave what preprocessing would have left of a member."""
    maps = [
        Map(
            path=member.native[key],
            suffix=suffix,
            entities=entities,
            title=key,
            metadata={"SkullStripped": True, "Type": "Brain"},
        )
        for key, (suffix, entities) in NAMES.items()
    ]
    maps += [
        Map(
            path=member.transforms[key],
            suffix="xfm",
            extension=".h5",
            entities={"from": ends[0], "to": ends[1], "mode": "image"},
            title=key,
        )
        for key, ends in ENDS.items()
    ]
    findings = Findings(
        analysis="preproc", title="", subject=member.subject, session=None, summary="", maps=tuple(maps)
    )
    write_findings(findings, None, folder)


@pytest.fixture(scope="module")
def folder(make_member: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of one control and two patients: tables, derivatives, manual masks and a small recipe."""
    root = tmp_path_factory.mktemp("command")
    bids = describe(root / "bids", "raw", "a person")
    rows = [f"sub-{name}\t{group}" for name, group in PEOPLE.items()]
    (bids / "participants.tsv").write_text("\n".join(["participant_id\tgroup", *rows]) + "\n")
    derivatives = describe(root / "derivatives", "derivative", "bidsapp")
    masks = describe(root / "masks", "derivative", "a person")
    for name, group in PEOPLE.items():
        ill = group == "patient"
        member = make_member(name, "command", radius=3.5 * ill, masks=("lesion",) * ill)
        preprocess(member, derivatives)
        if ill:
            place = masks / f"sub-{name}" / "anat" / f"sub-{name}_space-T1w_label-L_mask.nii.gz"
            write_volume(place, read_volume(member.native["lesion"]))
    lines = [f"{key} = {json.dumps(value)}" for key, value in TINY.items()]
    (root / "small.toml").write_text("\n".join(lines) + "\n")
    return root


def command(folder: Path, out: Path) -> list[str]:
    """Give the words that train on the folder."""
    words = [sys.executable, "-m", "bidsapp.cli.main", str(folder / "bids"), str(out), "train"]
    words += ["--analysis", "ms", "--recipe", str(folder / "small.toml"), "--device", "cpu"]
    words += ["--reference", str(folder / "masks"), "-d", str(folder / "derivatives")]
    return [*words, "--controls", "group == 'control'", "--nprocs", "1"]


def digests(out: Path) -> Iterator[tuple[str, str]]:
    """Digest every file of the bundle."""
    bundle = out / "bundles" / "ms"
    for path in sorted(item for item in bundle.rglob("*") if item.is_file()):
        yield str(path.relative_to(bundle)), digest_file(path)


@pytest.fixture(scope="module")
def whole(folder: Path) -> Path:
    done = subprocess.run(command(folder, folder / "whole"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Training ms on 3 subjects" in done.stderr + done.stdout
    return folder / "whole"


@pytest.mark.timeout(600)
def test_the_command_line_trains_on_masks_and_controls(whole: Path) -> None:
    bundle = Bundle.read(whole / "bundles" / "ms")
    assert bundle.analysis == "ms"
    assert bundle.metadata["patients"] == ["p1", "p2"]
    assert bundle.metadata["healthy_heads"] == 1
    assert bundle.metadata["controls"] == "group == 'control'"
    second = bundle.metadata["second_stage"]
    assert second["dice_with"].keys() == second["dice_without"].keys() == {"p1", "p2"}
    assert second["kept"] == (sum(second["dice_with"].values()) > sum(second["dice_without"].values()))
    assert bundle.metadata["networks"] == ["model", *(["fold_0", "fold_1"] if second["kept"] else [])]
    assert bundle.metadata["left_out_dice"].keys() == {"p1", "p2"}
    assert bundle.metadata["left_out_load_ml"]["p1"] == pytest.approx(0.18, abs=0.02)


@pytest.mark.timeout(600)
def test_a_training_that_was_killed_goes_on_to_the_same_bytes(folder: Path, whole: Path) -> None:
    out = folder / "killed"
    running = subprocess.Popen(
        command(folder, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while not list(out.glob("bundles/ms-training/*/last.ckpt")) and running.poll() is None:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert not (out / "bundles" / "ms").exists()
    done = subprocess.run(command(folder, out), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert dict(digests(out)) == dict(digests(whole))
