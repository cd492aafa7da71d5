import json

import nibabel as nib
import numpy as np
import pytest

from bidsapp.analyses.brain import ANALYSIS
from bidsapp.analyses.brain.card import CONFIGS
from bidsapp.analyses.brain.predict import largest_piece, segment
from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError, UnavailableError


@pytest.fixture(scope="module")
def found(toy_head):
    image, _, affine = toy_head
    return segment(image, affine)


def dice(first, second):
    return 2 * np.logical_and(first, second).sum() / (np.sum(first > 0) + np.sum(second > 0))


def test_tissues_are_probabilities_inside_the_mask_and_nothing_outside(found):
    total = found.gm + found.wm + found.csf
    inside = found.mask == 1
    assert np.allclose(total[inside], 1, atol=1e-5)
    assert not total[~inside].any()
    assert min(item.min() for item in (found.gm, found.wm, found.csf)) >= 0


def test_even_a_head_of_shells_shows_its_brain(toy_head, found):
    assert dice(found.mask, toy_head[1] > 0) > 0.85


def test_same_image_gives_the_same_bytes(toy_head, found):
    image, _, affine = toy_head
    again = segment(image, affine)
    assert again.mask.tobytes() == found.mask.tobytes()
    assert again.gm.tobytes() == found.gm.tobytes()


@pytest.mark.parametrize("codes", [("L", "P", "S"), ("P", "S", "R"), ("I", "R", "A")])
def test_axes_in_another_order_give_the_same_brain_in_the_world(toy_head, found, codes):
    image, _, affine = toy_head
    turn = nib.orientations.ornt_transform(
        nib.orientations.axcodes2ornt("RAS"), nib.orientations.axcodes2ornt(codes)
    )
    turned = nib.Nifti1Image(image, affine).as_reoriented(turn)
    result = segment(np.asarray(turned.dataobj, np.float32), turned.affine)
    back = nib.as_closest_canonical(nib.Nifti1Image(result.mask, turned.affine))
    assert np.array_equal(np.asarray(back.dataobj), found.mask)


def test_grey_values_have_no_unit(toy_head, found):
    image, _, affine = toy_head
    assert dice(segment(image * 0.01, affine).mask, found.mask) > 0.999


def test_thick_slices_keep_most_of_the_brain(toy_head, found):
    image, _, affine = toy_head
    thick = affine @ np.diag([1, 1, 2, 1])
    thick[:3, 3] += affine[:3, :3] @ [0, 0, 0.5]
    pairs = image.reshape(*image.shape[:2], -1, 2).mean(-1)
    mask = segment(pairs.astype(np.float32), thick).mask
    assert mask.shape == pairs.shape
    assert dice(np.repeat(mask, 2, axis=2), found.mask) > 0.9


def test_the_two_borders_are_two_answers_about_one_brain(toy_head, found):
    image, _, affine = toy_head
    assert dice(segment(image, affine, definition="clinical").mask, found.mask) > 0.8


@pytest.mark.parametrize("shape", [(32, 32), (8, 8, 8, 2)])
def test_other_than_three_axes_is_said(shape):
    with pytest.raises(BadDataError, match="three-dimensional"):
        segment(np.ones(shape, np.float32), np.eye(4))


def test_an_empty_image_is_said():
    with pytest.raises(BadDataError, match="No brain"):
        segment(np.zeros((32, 32, 32), np.float32), np.diag([2.0, 2, 2, 1]))


def test_a_missing_bundle_is_said(tmp_path, toy_head):
    with pytest.raises(UnavailableError, match="No bundle"):
        segment(toy_head[0], toy_head[2], tmp_path)


def test_one_piece_without_holes():
    mask = np.zeros((12, 12, 12), bool)
    mask[2:8, 2:8, 2:8] = True
    mask[4, 4, 4] = False
    mask[10, 10, 10] = True
    piece = largest_piece(mask)
    assert piece[4, 4, 4]
    assert not piece[10, 10, 10]
    assert piece.sum() == 6**3


def test_packaged_bundle_is_complete_and_small():
    bundle = Bundle.read(ANALYSIS.bundle)
    files = [item for item in bundle.path.rglob("*") if item.is_file()]
    assert sum(item.stat().st_size for item in files) <= 15 * 1024**2
    assert (bundle.path / "LICENSE").is_file()
    assert "Research use only" in (bundle.path / "docs" / "README.md").read_text(encoding="utf-8")
    training, held_out = (set(bundle.metadata[f"{key}_subjects"]) for key in ("training", "held_out"))
    assert len(held_out) == 20
    assert not training & held_out


def test_monai_builds_the_network_from_the_bundle():
    import torch
    from monai.bundle import ConfigParser

    bundle = Bundle.read(ANALYSIS.bundle)
    parser = ConfigParser()
    parser.read_config(str(bundle.path / "configs" / "inference.json"))
    network = parser.get_parsed_content("network_def")
    weights = {key: torch.from_numpy(value.astype(np.float32)) for key, value in bundle.tensors().items()}
    found = network.load_state_dict(weights, strict=False)
    assert (found.missing_keys, found.unexpected_keys) == ([], [])


def test_the_packaged_config_is_the_one_that_training_writes():
    path = Bundle.read(ANALYSIS.bundle).path / "configs" / "inference.json"
    assert json.loads(path.read_text()) == CONFIGS["inference"]


def test_monai_runs_the_packaged_bundle_and_sees_the_brain_that_the_app_sees(toy_head, found, tmp_path):
    from monai.bundle import run

    image, _, affine = toy_head
    turned = nib.Nifti1Image(image[::-1], affine @ np.diag([-1, 1, 1, 1]) + _shift(image, affine))
    nib.save(turned, tmp_path / "head.nii.gz")
    root = Bundle.read(ANALYSIS.bundle).path
    run(
        config_file=str(root / "configs" / "inference.json"),
        meta_file=str(root / "configs" / "metadata.json"),
        bundle_root=str(root),
        image=str(tmp_path / "head.nii.gz"),
        output_dir=str(tmp_path),
    )
    seen = nib.load(tmp_path / "head_dseg.nii.gz")
    assert np.allclose(seen.affine, affine, atol=1e-4)
    tissues = np.asanyarray(seen.dataobj)[tuple(slice(n) for n in image.shape)]
    assert dice(tissues > 0, found.mask) > 0.95
    own = np.argmax([found.gm, found.wm, found.csf], axis=0) + 1
    both = (tissues > 0) & (found.mask > 0)
    assert np.mean(tissues[both] == own[both]) > 0.9


def _shift(image, affine):
    """Give what moves the first voxel of the mirrored image to where the last one was."""
    moved = np.zeros((4, 4))
    moved[:3, 3] = affine[:3, 0] * (image.shape[0] - 1)
    return moved
