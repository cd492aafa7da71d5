"""FLAIR images as they should not be: named before anything runs, or noted where they can be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bidsapp.bids.query import find_inputs
from bidsapp.errors import BadDataError
from bidsapp.images.checks import check_image
from bidsapp.interfaces.checks import check_inputs
from bidsapp.settings import Settings
from tests.faults import images as im
from tests.faults.datasets import make_dataset
from tests.faults.tables import SUBJECT, beside

Check = Callable[[im.Harm], Path]


@pytest.fixture
def check(head: Path, tmp_path: Path) -> Check:
    def look(harm: im.Harm) -> Path:
        """Check a subject with a sound T1w and this FLAIR; give the FLAIR."""
        root = tmp_path / "bids"
        make_dataset(root, [SUBJECT], head)
        beside("FLAIR", harm)(root)
        settings = Settings(bids_dir=root, output_dir=tmp_path / "out", levels=("participant",))
        inputs = find_inputs(settings, SUBJECT, None)
        check_inputs(inputs)
        return inputs.images["FLAIR"].path

    return look


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (im.with_data(lambda data: data[:, :, 20]), r"two-dimensional"),
        (im.with_data(lambda data: data[:, :, 20:21]), r"two-dimensional"),
        (im.with_data(lambda data: data[:, :, 20:25]), r"covers .* which is no head"),
        (im.with_data(lambda data: np.stack([data] * 3, axis=-1)), r"3 frames"),
        (im.with_field("pixdim", {3: 20.0}), r"voxels of"),
        (
            im.both(im.with_field("qform_code", 0), im.with_field("sform_code", 0)),
            r"says nothing of its orient",
        ),
    ],
    ids=["slice", "one slice", "slab", "repeats", "very thick", "no form"],
)
def test_a_flair_that_cannot_be_used_is_named_with_its_subject(
    check: Check, harm: im.Harm, sentence: str
) -> None:
    with pytest.raises(BadDataError, match=rf"sub-{SUBJECT}: .*sub-{SUBJECT}_FLAIR\.nii\.gz .*{sentence}"):
        check(harm)


def _thick(path: Path) -> None:
    """Keep every second slice of 3 mm, as a stack of 6 mm."""
    data, affine, _ = im.read(path)
    im.write(path, data[:, :, ::2], affine @ np.diag([1.0, 1.0, 2.0, 1.0]))


def test_a_stack_of_thick_slices_can_be_used(check: Check) -> None:
    volume, notes = check_image(check(_thick))
    assert volume.voxel_size == pytest.approx([3, 3, 6])
    assert notes == []


def test_of_two_forms_that_disagree_one_is_taken_and_it_is_said(check: Check) -> None:
    path = check(im.disagree)
    volume, notes = check_image(path)
    assert np.allclose(volume.affine, im.read(path)[1])
    assert any("qform" in note and "sform" in note for note in notes)
