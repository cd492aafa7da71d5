"""The map of normal contrast: values at MNI places, and what the generator makes of them."""

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
import torch

from bidsapp.analyses.ms.material import NORMAL
from bidsapp.files import write_json
from bidsapp.simulate.sclerosis.contrasts import LEVELS, draw_contrast, paint
from bidsapp.simulate.sclerosis.normal import read_normal


@pytest.fixture
def stored(tmp_path):
    """Grey matter at the middle is 0.2 above its level, elsewhere at it; voxels of 4 mm around MNI 0."""
    data = np.zeros((13, 13, 13, 3), dtype=np.int8)
    data[6, 6, 6, 0] = 20
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    affine[:3, 3] = -24
    nib.save(nib.Nifti1Image(data, affine), tmp_path / "map.nii.gz")
    write_json(tmp_path / "map.json", {"Levels": {"FLAIR": {"GM": 1.1, "WM": 1.0, "CSF": 0.4}}})
    return tmp_path / "map.nii.gz"


def test_a_place_has_its_deviation_and_nothing_is_known_outside(stored):
    normal = read_normal(stored)
    places = torch.tensor([[0.0, 0, 0], [2, 0, 0], [12, 0, 0], [99, 0, 0]])
    found = normal.at("FLAIR", places.T[:, :, None, None])
    assert found[0, :, 0, 0].tolist() == pytest.approx([0.2, 0.1, 0.0, 0.0], abs=1e-6)
    assert not found[1:].any()


def test_a_painted_head_takes_the_deviation_times_its_strength(anatomy):
    contrast = replace(draw_contrast(np.random.default_rng(0), "FLAIR"), regional=1.5)
    shift = torch.zeros(3, *anatomy.shape)
    shift[1] = 0.1
    without, with_it = (
        paint(np.random.default_rng(1), anatomy, contrast, scanned=0.0, deviation=item)
        for item in (None, shift)
    )
    gained = (with_it - without)[anatomy.wm > 0.99]
    assert float(gained.mean()) == pytest.approx(0.15, rel=0.05)


def test_without_a_map_no_image_has_regional_differences_and_with_one_many_have(stored):
    normal = read_normal(stored)
    drawn = [draw_contrast(np.random.default_rng(seed), "FLAIR", normal) for seed in range(200)]
    assert 0.6 < np.mean([item.regional > 0 for item in drawn]) < 0.9
    assert all(draw_contrast(np.random.default_rng(seed), "T1w", normal).regional == 0 for seed in range(20))
    assert all(
        draw_contrast(np.random.default_rng(seed), name).regional == 0 for seed in range(9) for name in LEVELS
    )


def test_the_packaged_map_knows_that_the_hippocampus_is_bright_on_flair():
    """Hippocampus (MNI +-26, -16, -20) against cortex of the precentral gyrus (+-40, -18, 54)."""
    normal = read_normal(NORMAL)
    places = torch.tensor([[26.0, -16, -20], [-26, -16, -20], [40, -18, 54], [-40, -18, 54]])
    grey = normal.at("FLAIR", places.T[:, :, None, None])[0, :, 0, 0]
    assert float(grey[:2].min()) > float(grey[2:].max()) + 0.02
    assert set(normal.levels) == {"T1w", "T2w", "FLAIR"}
