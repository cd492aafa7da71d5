"""What a session is told of images that are out of place, too dark, or of unknown order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage

from bidsapp.analyses import registry
from bidsapp.analyses.brain import predict
from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume, write_volume
from bidsapp.interfaces.anatomy import ConformImage, CorrectBias, NormaliseIntensity, SegmentBrain
from bidsapp.interfaces.doubt import doubt_alignment
from bidsapp.interfaces.member import GatherMember, read_member
from bidsapp.interfaces.registration import AlignRigid

AFFINE = np.diag([4.0, 4.0, 4.0, 1.0])
Write = Callable[..., str]


def brain(
    axes: tuple[float, float, float] = (17, 21, 15), shape: tuple[int, int, int] = (48, 56, 48)
) -> np.ndarray:
    """Give an ellipsoid of about the size of a brain in voxels of 4 mm."""
    indices = np.moveaxis(np.indices(shape), 0, -1) - (np.array(shape) - 1) / 2
    return np.asarray(((indices / np.array(axes)) ** 2).sum(axis=-1) < 1)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(name: str, data: np.ndarray, affine: np.ndarray = AFFINE) -> str:
        return str(write_volume(tmp_path / f"{name}.nii.gz", Volume(data.astype(np.float32), affine)))

    return make


def volume(data: np.ndarray) -> Volume:
    return Volume(data.astype(np.float32), AFFINE)


def test_brains_that_lie_in_each_other_raise_no_doubt() -> None:
    whole = brain()
    slab = whole & (np.arange(48) < 24)
    smaller = ndimage.binary_erosion(whole)
    for own in (whole, slab, smaller, ndimage.binary_dilation(whole) & whole):
        assert doubt_alignment("x", volume(own), volume(whole)) == []


@pytest.mark.parametrize(
    "own",
    [
        np.roll(brain(), 15, axis=1),  # 60 mm to the front
        brain((21, 17, 15)),  # a quarter turn about the axis from foot to head
        np.zeros((48, 56, 48)),
    ],
)
def test_a_brain_out_of_place_is_named_with_the_remedy(own: np.ndarray) -> None:
    (said,) = doubt_alignment("sub-1_FLAIR.nii.gz", volume(own), volume(brain()))
    assert said.startswith("sub-1_FLAIR.nii.gz: after alignment only ")
    assert "exclude it" in said


def test_a_mirrored_brain_is_not_seen() -> None:
    """The outline of a brain is nearly symmetric: a swap of left and right cannot be told by it."""
    own = brain()
    own[:12] = False
    assert doubt_alignment("x", volume(own[::-1]), volume(brain())) == []


def test_an_image_without_bright_white_matter_is_named(write: Write, tmp_path: Path) -> None:
    white = np.ones((10, 10, 10))
    inputs = {
        "source": "/data/sub-1_FLAIR.nii.gz",
        "in_file": write("dark", -white),
        "wm": write("wm", white),
    }
    with pytest.raises(
        BadDataError, match=r"^/data/sub-1_FLAIR\.nii\.gz: white matter is dark .* exclude it"
    ):
        NormaliseIntensity(**inputs).compute(tmp_path)
    inputs["wm"] = write("none", white * 0)
    with pytest.raises(BadDataError, match=r"^/data/sub-1_FLAIR\.nii\.gz: no white matter .* exclude it"):
        NormaliseIntensity(**inputs).compute(tmp_path)


def test_what_was_mended_is_said_with_the_name_of_the_file(tmp_path: Path) -> None:
    data = np.ones((30, 30, 30), dtype=np.float32)
    data[0, 0, 0], data[1] = np.nan, 2
    path = Path(write_volume(tmp_path / "sub-1_FLAIR.nii.gz", Volume(data, AFFINE)))
    conformed = ConformImage(in_file=str(path)).compute(tmp_path)
    assert conformed["notes"] == ["sub-1_FLAIR.nii.gz: 1 voxels were not finite and became 0"]


def test_an_image_that_is_60_mm_away_in_the_scanner_is_brought_back(write: Write, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    inside = brain()
    texture = ndimage.gaussian_filter(rng.standard_normal(inside.shape), 2)
    image = inside * (1 + texture / texture.std() * 0.3)
    away = AFFINE.copy()
    away[:3, 3] = (0, 60, 0)
    aligned = AlignRigid(
        source="/data/sub-1_FLAIR.nii.gz",
        fixed=write("fixed", image),
        fixed_mask=write("mask", inside),
        moving=write("moving", 2 - image * inside, away),
        moving_mask=write("moving_mask", inside, away),
    ).compute(tmp_path)
    assert aligned["notes"] == []


def test_a_member_keeps_the_sessions_it_cannot_place_in_time(write: Write, tmp_path: Path) -> None:
    image = write("image", brain())
    transform = tmp_path / "x.h5"
    transform.write_bytes(b"x")
    gathered = GatherMember(
        subject="1",
        session="followup",
        unordered=["baseline"],
        native_keys=["T1w"],
        native=[image],
        standard_keys=["T1w"],
        standard=[image],
        transforms_keys=["native_to_standard"],
        transforms=[str(transform)],
    ).compute(tmp_path)
    assert read_member(Path(gathered["out_file"])).unordered == ("baseline",)


def test_the_image_of_the_dataset_is_named_not_the_one_in_the_work_folder(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, mask = write("conformed", np.zeros((48, 56, 48))), write("mask", brain())
    with pytest.raises(BadDataError, match=r"^sub-1_T1w.nii.gz: hardly any voxel of the brain is positive"):
        CorrectBias(source="sub-1_T1w.nii.gz", in_file=image, mask=mask).compute(tmp_path)
    empty = np.zeros((48, 56, 48))
    monkeypatch.setattr(
        predict, "segment", lambda *_, **__: SimpleNamespace(mask=empty, gm=empty, wm=empty, csf=empty)
    )
    bundle = str(registry.load("brain").bundle)
    step = SegmentBrain(source="sub-1_T1w.nii.gz", in_file=image, bundle=bundle, digest="")
    with pytest.raises(BadDataError, match=r"^sub-1_T1w.nii.gz: no brain was found \(the mask has 0 ml\)"):
        step.compute(tmp_path)
