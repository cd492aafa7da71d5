"""The skeleton is a BIDS dataset of any size that takes no time and no space."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import pytest

from bidsapp.errors import UsageError
from bidsapp.simulate.sample import skeleton


def test_each_subject_and_session_has_its_images(tmp_path: Path) -> None:
    assert skeleton(tmp_path, 5, 2) == ["0001", "0002", "0003", "0004", "0005"]
    images = sorted(path.name for path in tmp_path.rglob("*.nii.gz"))
    assert len(images) == 5 * 2 * 2
    assert images[0] == "sub-0001_ses-01_FLAIR.nii.gz"
    assert nib.load(tmp_path / "sub-0003/ses-02/anat/sub-0003_ses-02_T1w.nii.gz").shape == (4, 4, 4)


def test_one_file_on_disk_serves_all(tmp_path: Path) -> None:
    skeleton(tmp_path, 50, 0)
    inodes = {path.stat().st_ino for path in tmp_path.rglob("*.nii.gz")}
    assert len(inodes) == 1
    assert (tmp_path / "sub-0050/anat/sub-0050_T1w.nii.gz").exists()


def test_no_subject_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="0 subjects"):
        skeleton(tmp_path, 0, 1)
