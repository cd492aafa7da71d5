"""What is particular to each kind of abnormality: borders, thickness, place, sides."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from bidsapp.simulate.abnormal import abnormal
from bidsapp.simulate.abnormal.cortical import THICKEST_MM
from bidsapp.simulate.abnormal.parkinson import WEAKER_SIDE
from tests.simulate.round_head import SHAPE, VOXEL, Head, make


def steepness(volume: np.ndarray, where: np.ndarray) -> float:
    return float(np.mean(np.linalg.norm(np.gradient(ndimage.gaussian_filter(volume, 0.5)), axis=0)[where]))


def test_blur_takes_gradient_from_the_border_the_more_the_stronger(head: Head, nuclei: np.ndarray) -> None:
    made = [make("blur", head, nuclei, strength) for strength in (0, 0.5, 1)]
    border = (made[0].fraction > 0.9) & (head["GM"] > 0.05) & (head["WM"] > 0.05)
    assert border.sum() > 20
    for name in ("T1w", "FLAIR", "GM"):
        none, half, full = (steepness(each.volumes[name], border) for each in made)
        assert full < 0.6 * none
        assert half == pytest.approx((none + full) / 2, rel=0.1)


@pytest.mark.parametrize("strength", [0.25, 0.5, 1.0])
def test_thickening_adds_grey_matter_of_the_asked_thickness(strength: float) -> None:
    white = np.zeros((40, 40, 30), np.float32)
    white[:, :, :22] = 1
    grey, fluid = np.zeros_like(white), np.zeros_like(white)
    grey[:, :, 22:25], fluid[:, :, 25:28] = 1, 1
    flat = {"GM": grey, "WM": white, "CSF": fluid, "mask": grey + white + fluid}
    flat["T1w"] = (0.75 * grey + white + 0.3 * fluid).astype(np.float32)
    made = abnormal(
        "thickening",
        flat,
        size_mm=22,
        strength=strength,
        voxel_size=1.0,
        rng=np.random.default_rng(1),
        place=(20, 20, 22),
    )
    core = (slice(18, 23), slice(18, 23))
    thickness = made.volumes["GM"][core].sum(axis=2)
    assert thickness == pytest.approx(3 + strength * THICKEST_MM, abs=0.05)
    assert np.allclose(made.volumes["T1w"][core][made.volumes["GM"][core] == 1], 0.75, atol=0.02)
    assert made.volumes["GM"].sum() - grey.sum() == pytest.approx(
        white.sum() - made.volumes["WM"].sum(), rel=1e-3
    )


def test_atrophy_turns_the_asked_share_of_grey_matter_into_fluid(head: Head, nuclei: np.ndarray) -> None:
    made = make("atrophy", head, nuclei, 0.4)
    core = made.fraction == 1
    assert core.sum() > 20
    assert np.allclose(made.volumes["GM"][core], 0.6 * head["GM"][core], atol=1e-6)
    gained = made.volumes["CSF"] - head["CSF"]
    assert np.allclose(gained[core], 0.4 * head["GM"][core], atol=1e-6)
    pure = core & (head["GM"] == 1)
    assert np.mean((made.volumes["T1w"] - head["T1w"])[pure]) == pytest.approx(0.4 * (0.3 - 0.75), rel=0.1)
    assert made.volumes["T2w"][core].mean() > head["T2w"][core].mean()
    assert made.volumes["pet"][core].mean() < head["pet"][core].mean()


@pytest.mark.parametrize("seed", range(4))
def test_a_transmantle_lesion_reaches_from_cortex_to_ventricle_and_narrows(
    head: Head, nuclei: np.ndarray, seed: int
) -> None:
    made = make("hyperintensity", head, nuclei, 0.5, seed)
    _, count = ndimage.label(made.mask, np.ones((3, 3, 3)))
    assert count == 1
    radius = VOXEL * np.linalg.norm(np.indices(SHAPE) - 21.5, axis=0)
    assert radius[made.mask].min() < 14
    assert radius[made.mask].max() > 34
    shallow = made.mask & (radius > 28) & (radius < 34)
    deep = made.mask & (radius > 10) & (radius < 16)
    assert shallow.sum() > 1.3 * deep.sum()
    white = (made.fraction == 1) & (head["WM"] == 1)
    for name, change in (("FLAIR", 0.5), ("T2w", 0.5), ("T1w", -0.125)):
        ratio = np.mean(made.volumes[name][white]) / np.mean(head[name][white]) - 1
        assert ratio == pytest.approx(change, rel=0.1)
    assert np.mean(made.volumes["GM"][white]) == pytest.approx(0.125 / 0.25, abs=0.05)


@pytest.mark.parametrize("kind", ["nigral", "striatal"])
def test_parkinson_is_on_both_sides_and_stronger_on_one(kind: str, head: Head, nuclei: np.ndarray) -> None:
    drawn = set()
    for seed in range(6):
        made = make(kind, head, nuclei, 0.2, seed)
        assert not np.any(made.mask & ~nuclei)
        lost = (head["T2w"] - made.volumes["T2w"]) / np.median(head["T2w"][made.mask])
        left, right = (
            float(lost[half][made.fraction[half] == 1].mean()) for half in (np.s_[:22], np.s_[22:])
        )
        side = "left" if left > right else "right"
        assert max(left, right) == pytest.approx(0.2, rel=0.02)
        assert min(left, right) == pytest.approx(WEAKER_SIDE * 0.2, rel=0.02)
        assert f"lower on the {side}" in made.description
        assert np.array_equal(made.volumes["pet"], head["pet"])
        drawn.add(side)
    assert drawn == {"left", "right"}


def test_parkinson_begins_at_the_back(head: Head, nuclei: np.ndarray) -> None:
    made = make("nigral", head, nuclei, 0.2)
    assert np.nonzero(made.mask)[1].mean() < np.nonzero(nuclei)[1].mean()


def test_hypometabolism_lowers_pet_alone_and_spares_what_is_far(head: Head, nuclei: np.ndarray) -> None:
    made = make("hypometabolism", head, nuclei, 0.4, size_mm=30)
    lost = 1 - made.volumes["pet"] / np.maximum(head["pet"], 1e-6)
    assert 0.25 < lost[made.fraction == 1].max() <= 0.4 + 1e-6
    far = ndimage.distance_transform_edt(made.fraction == 0, sampling=VOXEL) > 18
    assert np.array_equal(made.volumes["pet"][far], head["pet"][far])
    assert all(np.array_equal(made.volumes[name], head[name]) for name in head if name != "pet")


@pytest.mark.parametrize(("place", "tissue"), [((21, 21, 9), "white"), ((21, 21, 3), "grey")])
def test_a_spot_lies_in_the_tissue_of_its_place(
    head: Head, nuclei: np.ndarray, place: tuple[int, int, int], tissue: str
) -> None:
    made = make("spot", head, nuclei, 0.3, size_mm=8, place=place)
    assert made.description.endswith(f": in {tissue} matter, T1w -30.0%, FLAIR +30.0%, T2w +30.0%")
    assert head["WM" if tissue == "white" else "GM"][made.mask].min() >= 0.7
    core = made.fraction == 1
    fall = np.mean((head["T1w"] - made.volumes["T1w"])[core])
    assert fall == pytest.approx(0.3 * np.median(head["T1w"][made.mask]), rel=1e-3)
