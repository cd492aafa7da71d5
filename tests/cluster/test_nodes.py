"""The brain network trained by two nodes of a real Slurm: one bundle, of the bytes that two devices give."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bidsapp.bundle import Bundle
from bidsapp.images.volume import Volume, write_volume
from tests.ready_signals import write_dataset

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(shutil.which("srun") is None, reason="there is no Slurm here"),
]

SUBJECTS = ("01", "02", "03")
TINY = """steps = 4
coarse_steps = 4
clinical_from = 4
features = [4, 4, 4, 4, 4, 4]
crop = [48, 48, 48]
held_out = 1
validation = 1
checkpoint_steps = 2
watch_steps = 4
"""


def write_heads(folder: Path) -> Path:
    """Write a dataset of balls of fluid, cortex and white matter, 2 mm, with their MUSE labels."""
    write_dataset(folder, "participant_id\n" + "".join(f"sub-{label}\n" for label in SUBJECTS))
    (folder / "derivatives").mkdir()
    labels_of = write_dataset(folder / "derivatives" / "labels", "participant_id\n")
    axes = np.meshgrid(*[np.arange(48) - 23.5] * 3, indexing="ij")
    radius = np.sqrt(sum(axis**2 for axis in axes))
    image, labels = np.zeros((2, 48, 48, 48), np.float32)
    for limit, grey, label in ((23, 900, 0), (19, 200, 1), (17, 600, 100), (13, 1000, 81)):
        image[radius < limit], labels[radius < limit] = grey, label
    for name in SUBJECTS:
        anat = Path(f"sub-{name}") / "anat"
        affine = np.diag([2.0, 2.0, 2.0, 1.0])
        write_volume(folder / anat / f"sub-{name}_T1w.nii.gz", Volume(image, affine))
        path = labels_of / anat / f"sub-{name}_dseg.nii.gz"
        write_volume(path, Volume(labels, affine), dtype=np.uint8)
    return folder


def command(bids: Path, out: Path, recipe: str) -> list[str | Path]:
    """Give the words that train the brain network on the CPU."""
    path = out.with_suffix(".toml")
    path.write_text(TINY + recipe)
    program = [sys.executable, "-m", "bidsapp.cli.main"]
    return [*program, bids, out, "train", "--analysis", "brain", "--recipe", path, "--device", "cpu"]


def meeting_place() -> dict[str, str]:
    """Give this machine's address where the names of Slurm's nodes are not those of any machine."""
    listed = subprocess.run(["sinfo", "--noheader", "--Node", "--format=%N"], capture_output=True, check=True)
    try:
        socket.gethostbyname(listed.stdout.split()[0].decode())
    except OSError:
        return {"MASTER_ADDR": "127.0.0.1"}
    return {}


def test_two_nodes_write_one_bundle(tmp_path):
    bids = write_heads(tmp_path / "bids")
    alone, out = tmp_path / "alone", tmp_path / "out"
    subprocess.run(command(bids, alone, "devices = 2\n"), check=True)
    srun = ["srun", "--nodes=2", "--ntasks-per-node=1", "--label"]
    done = subprocess.run(
        [*srun, *command(bids, out, "nodes = 2\n")],
        env={**os.environ, **meeting_place()}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    expected = Bundle.read(alone / "bundles" / "brain").tensors()
    trained = Bundle.read(out / "bundles" / "brain").tensors()
    assert trained.keys() == expected.keys()
    assert all(np.array_equal(value, trained[key]) for key, value in expected.items())
    assert sorted(path.name for path in (out / "bundles").iterdir()) == ["brain", "brain-training"]
    assert len(list((out / "bundles" / "brain-training").iterdir())) == 1
    said = sorted(path.read_text() for path in (out / "logs").iterdir())
    assert sorted("Wrote the bundle" in text for text in said) == [False, True]
    assert sorted("Done: the first node writes it" in text for text in said) == [False, True]
