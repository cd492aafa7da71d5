import numpy as np
import pytest

from bidsapp.findings import Findings, Map
from bidsapp.images.volume import Volume, write_volume
from bidsapp.interfaces.evaluate import evaluate


def write_box(path, voxel_size, stop):
    """Write a box from 0 to ``stop`` mm along each axis, in a field of view of 100 mm."""
    count = round(100 / voxel_size)
    centres = (np.arange(count) + 0.5) * voxel_size
    inside = centres < stop
    data = (inside[:, None, None] & inside[None, :, None] & inside[None, None, :]).astype(np.float32)
    affine = np.diag([voxel_size] * 3 + [1.0])
    affine[:3, 3] = voxel_size / 2
    return write_volume(path, Volume(data, affine), dtype=np.uint8)


def findings(path, **entities):
    mask = Map(path=path, suffix="mask", title="Mask", entities=entities)
    return Findings(analysis="a", title="A", subject="01", session=None, summary="", maps=(mask,))


def test_a_mask_overlaps_wholly_with_itself(tmp_path):
    box = write_box(tmp_path / "box.nii.gz", 2, 20)
    (score,) = evaluate(findings(box, desc="brain"), {"brain": box}, tmp_path).scores
    assert (score.name, score.value) == ("brain_dice", 1.0)


def test_masks_are_compared_in_world_space_whatever_their_grids(tmp_path):
    coarse, fine = write_box(tmp_path / "coarse.nii.gz", 2, 20), write_box(tmp_path / "fine.nii.gz", 1, 10)
    (score,) = evaluate(findings(coarse, label="anomaly"), {"lesion": fine}, tmp_path).scores
    assert score.value == pytest.approx(2 * 125 / (1000 + 125))


def test_a_patient_without_lesions_is_compared_too(tmp_path):
    box, none = write_box(tmp_path / "box.nii.gz", 2, 20), write_box(tmp_path / "none.nii.gz", 2, 0)
    (score,) = evaluate(findings(box, label="anomaly"), {"lesion": none}, tmp_path).scores
    assert score.value == 0
    (score,) = evaluate(findings(none, label="anomaly"), {"lesion": none}, tmp_path).scores
    assert score.value == 1


def test_only_masks_of_the_kind_in_native_space_are_compared(tmp_path):
    box = write_box(tmp_path / "box.nii.gz", 2, 20)
    assert evaluate(findings(box, desc="brain"), {"lesion": box}, tmp_path).scores == ()
    assert evaluate(findings(box, label="L", desc="active"), {"lesion": box}, tmp_path).scores == ()
    assert (
        evaluate(findings(box, desc="brain", space="MNI152NLin2009cAsym"), {"brain": box}, tmp_path).scores
        == ()
    )
