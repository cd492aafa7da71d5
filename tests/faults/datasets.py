"""Small datasets to break, and how to run the app on them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.faults.tables import t1w

DESCRIPTION = {"Name": "SIMULATED: broken on purpose", "BIDSVersion": "1.10.0", "DatasetType": "raw"}


def make_dataset(root: Path, labels: Sequence[str], head: Path) -> None:
    """Write a dataset in which each subject has a copy of one T1w image and its sidecar."""
    root.mkdir(parents=True)
    (root / "dataset_description.json").write_text(json.dumps(DESCRIPTION))
    rows = [f"sub-{label}\t40\tF\tcontrol" for label in labels]
    (root / "participants.tsv").write_text("\n".join(["participant_id\tage\tsex\tgroup", *rows]) + "\n")
    for label in labels:
        image = t1w(root, label=label)
        image.parent.mkdir(parents=True)
        shutil.copyfile(head, image)
        shutil.copyfile(sidecar(head), sidecar(image))


def sidecar(image: Path) -> Path:
    """Give the path of an image's sidecar."""
    return image.with_name(image.name.replace(".nii.gz", ".json"))


def run(
    words: Sequence[str], *, timeout: float = 900, before: Callable[[], object] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the app as a user does; ``before`` is called in the new process."""
    return subprocess.run(
        [sys.executable, "-m", "bidsapp.cli.main", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        preexec_fn=before,
    )


def assert_no_traceback(text: str) -> None:
    """Check that nothing a user sees looks like a crash of the program."""
    assert "Traceback" not in text
    assert "Internal error" not in text
    assert not re.search(r'File ".*", line \d+', text)
