"""The bank holds the lesions that readers drew, where they drew them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from bidsapp.errors import BadDataError, UsageError
from bidsapp.images.templates import template_grid
from bidsapp.images.volume import Volume, write_volume
from bidsapp.simulate.sclerosis.bank import LesionBank, paint, read_bank

FSL = np.diag([-1.0, 1.0, 1.0, 1.0])
FSL[:3, 3] = [90, -126, -72]


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two patients on the grid of FSL's MNI152 (axes towards left, anterior, superior) and one without."""
    folder = tmp_path_factory.mktemp("masks")
    first, second, third = (np.zeros((182, 218, 182), dtype=np.float32) for _ in range(3))
    first[60:64, 120:122, 90] = 1  # 8 mm3; x = 30..27 mm
    first[64, 122, 90] = 1  # touches by an edge only: another lesion, of 1 mm3
    first[100:103, 100, 80] = 1  # 3 mm3
    second[40:50, 110:120, 70:80] = 1  # 1 ml
    paths = [folder / f"sub-{name}_mask.nii.gz" for name in ("a", "b", "c")]
    for path, data in zip(paths, (first, second, third), strict=True):
        write_volume(path, Volume(data, FSL), dtype=np.uint8)
    return paths


@pytest.fixture(scope="module")
def bank(masks: list[Path]) -> LesionBank:
    return read_bank(masks)


def test_lesions_of_three_voxels_and_more_are_kept(bank: LesionBank) -> None:
    assert sorted(bank.volumes_mm3.tolist()) == [3, 8, 1000]
    assert bank.counts.tolist() == [2, 1, 0]
    assert bank.loads_ml == pytest.approx([0.011, 1.0, 0])


def test_a_centre_is_the_middle_of_the_box_in_ras_millimetres(bank: LesionBank) -> None:
    eight = bank.volumes_mm3.tolist().index(8)
    assert bank.centres_mm[eight] == pytest.approx([28.5, -5.5, 18.0])
    assert bank.shapes[eight].shape == (4, 2, 1)


def test_the_prior_is_a_probability_and_highest_in_the_largest_lesion(bank: LesionBank) -> None:
    assert bank.prior.sum(dtype=np.float64) == pytest.approx(1, abs=1e-5)
    top = bank.affine @ [*np.unravel_index(bank.prior.argmax(), bank.prior.shape), 1]
    thousand = bank.volumes_mm3.tolist().index(1000)
    assert top[:3] == pytest.approx(bank.centres_mm[thousand], abs=2)


def test_a_painted_patient_is_the_mask_turned_to_ras(bank: LesionBank) -> None:
    painted = paint(bank.lesions_of(1), template_grid(1))
    corner = template_grid(1).affine[:3, 3]
    low, high = np.argwhere(painted).min(axis=0) + corner, np.argwhere(painted).max(axis=0) + corner
    assert painted.sum() == 1000
    assert low.tolist() == [90 - 49, -126 + 110, -72 + 70]
    assert high.tolist() == [90 - 40, -126 + 119, -72 + 79]


def test_one_left_out_leaves_no_trace(bank: LesionBank, masks: list[Path]) -> None:
    rest, alone = bank.without(["sub-b"]), read_bank([masks[0], masks[2]])
    assert rest.names == ("sub-a", "sub-c")
    assert rest.volumes_mm3.tolist() == alone.volumes_mm3.tolist()
    assert np.array_equal(rest.prior, alone.prior)
    with pytest.raises(UsageError, match="sub-x is not in the bank"):
        bank.without(["sub-x"])
    with pytest.raises(BadDataError, match="no lesion"):
        bank.without(["sub-a", "sub-b"])


def test_what_is_no_mask_is_told(tmp_path: Path, masks: list[Path]) -> None:
    coarse = write_volume(
        tmp_path / "sub-d_mask.nii", Volume(np.ones((4, 4, 4), np.float32), np.diag([2.0] * 4))
    )
    with pytest.raises(BadDataError, match="1 mm"):
        read_bank([coarse])
    with pytest.raises(UsageError, match="two lesion masks are named sub-a"):
        read_bank([masks[0], masks[0]])


def test_the_consensus_masks_have_the_published_numbers() -> None:
    """The masks' README: 3,234 lesions of 3 mm3 or more over 30 patients, median volume 18 mm3."""
    root = Path(os.environ.get("BIDSAPP_REALDATA", Path(__file__).parents[4] / "shared" / "data"))
    masks = sorted((root / "openms-masks").glob("sub-*_mask.nii.gz"))
    masks += sorted((root / "openms-mni" / "derivatives").glob("**/*label-L_desc-manual_mask.nii.gz"))
    if len(masks) != 29:
        pytest.skip("the real data are not here (BIDSAPP_REALDATA)")
    bank = read_bank(masks)
    assert len(bank.shapes) == 3234 - 20  # the thirtieth patient, sub-26, is not here
    assert np.median(bank.volumes_mm3) == 18
    assert "sub-26" not in bank.names
    assert np.median(np.append(bank.loads_ml, 0)) == pytest.approx(
        13.9, abs=0.1
    )  # sub-26 is below the median
