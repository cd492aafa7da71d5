"""What a step left is used again only as it was left."""

import os

import pytest

from bidsapp.workflows.intermediates import drop_damaged, seal


@pytest.fixture
def steps(tmp_path):
    """Two steps of an interrupted run, sealed."""
    folders = [tmp_path / "sub_01_wf" / "session_wf" / name for name in ("align", "warp")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "_0x12.json").write_text("inputs")
        (folder / "image.nii").write_bytes(bytes(1000))
        seal(folder)
    return folders


def test_whole_steps_stay(tmp_path, steps):
    drop_damaged(tmp_path)
    assert all((folder / "image.nii").stat().st_size == 1000 for folder in steps)


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: os.truncate(folder / "image.nii", 500),
        lambda folder: (folder / "image.nii").unlink(),
        lambda folder: os.truncate(folder / "digests.json", 20),
        lambda folder: (folder / "digests.json").unlink(),
        lambda folder: (folder / "more.nii").write_bytes(b""),
    ],
    ids=["truncated", "missing", "seal damaged", "never sealed", "more than was left"],
)
def test_a_damaged_step_is_removed_alone(tmp_path, steps, harm):
    align, warp = steps
    harm(align)
    drop_damaged(tmp_path)
    assert not align.exists()
    assert (warp / "image.nii").exists()


def test_the_first_seal_counts(tmp_path, steps):
    align, _ = steps
    os.truncate(align / "image.nii", 500)
    seal(align)
    drop_damaged(tmp_path)
    assert not align.exists()


def test_without_a_work_folder_there_is_nothing_to_drop(tmp_path):
    drop_damaged(tmp_path / "none")
    assert not (tmp_path / "none").exists()
