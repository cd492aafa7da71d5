"""An abnormality of each kind does to a head what its name and strength say, and nothing elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from bidsapp.errors import UsageError
from bidsapp.simulate.abnormal import KINDS, Abnormal, abnormal, implant_shape
from bidsapp.simulate.abnormal.cortical import THICKEST_MM
from bidsapp.simulate.abnormal.parkinson import WEAKER_SIDE

Head = dict[str, np.ndarray]
VOXEL = 2.0
SHAPE = (44, 44, 44)
SIGNAL = {"T1w": (0.75, 1.0, 0.3), "FLAIR": (0.9, 0.7, 0.2), "T2w": (0.8, 0.6, 1.2)}
SIZES = {"blur": 20, "hyperintensity": 16, "nigral": 7, "striatal": 7}


@pytest.fixture(scope="module")
def head() -> Head:
    """A ball of a head: ventricle, white matter, 4 mm of cortex and fluid around, with noise."""
    axes = np.ogrid[tuple(slice(size) for size in SHAPE)]
    radius = VOXEL * np.sqrt(sum((axis - 21.5) ** 2 for axis in axes))
    share = lambda limit: np.clip((limit - radius) / VOXEL + 0.5, 0, 1).astype(np.float32)  # noqa: E731
    volumes = {
        "WM": share(34) - share(10),
        "GM": share(38) - share(34),
        "CSF": share(10) + share(41) - share(38),
        "mask": (radius < 41).astype(np.float32),
    }
    rng = np.random.default_rng(0)
    for name, (grey, white, fluid) in SIGNAL.items():
        noise = 0.01 * rng.standard_normal(SHAPE, dtype=np.float32)
        clean = grey * volumes["GM"] + white * volumes["WM"] + fluid * volumes["CSF"]
        volumes[name] = (clean + noise).astype(np.float32)
    volumes["pet"] = ndimage.gaussian_filter(volumes["GM"] + np.float32(0.25) * volumes["WM"], 1.3)
    return volumes


@pytest.fixture(scope="module")
def nuclei() -> np.ndarray:
    """Two small bodies beside the middle, as the substantia nigra lies."""
    axes = np.ogrid[tuple(slice(size) for size in SHAPE)]
    first, second, third = axes
    return (np.abs(np.abs(first - 21.5) - 9) < 3) & (np.abs(second - 20) < 6) & (np.abs(third - 21.5) < 3)


def make(
    kind: str, head: Head, nuclei: np.ndarray, strength: float, seed: int = 3, **given: object
) -> Abnormal:
    region = nuclei if kind in ("nigral", "striatal") else None
    arguments = {"size_mm": SIZES.get(kind, 14), "voxel_size": VOXEL, "region": region, **given}
    return abnormal(kind, head, strength=strength, rng=np.random.default_rng(seed), **arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_strength_zero_changes_nothing(kind: str, head: Head, nuclei: np.ndarray) -> None:
    made = make(kind, head, nuclei, 0)
    assert all(np.array_equal(made.volumes[name], head[name]) for name in head)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_volume_stays_in_its_place_and_keeps_the_tissue_sum(
    kind: str, head: Head, nuclei: np.ndarray
) -> None:
    before = {name: volume.copy() for name, volume in head.items()}
    made = make(kind, head, nuclei, 0.6)
    sides = 2 if kind in ("nigral", "striatal") else 1
    assert made.mask.sum() == sides * round(math.pi / 6 * SIZES.get(kind, 14) ** 3 / VOXEL**3)
    outside = made.fraction == 0
    changed = [name for name in head if not np.array_equal(made.volumes[name], head[name])]
    assert changed
    for name in head:
        assert np.array_equal(head[name], before[name])
        assert made.volumes[name].dtype == np.float32
        if name != "pet":
            assert np.array_equal(made.volumes[name][outside], head[name][outside])
    total = made.volumes["GM"] + made.volumes["WM"] + made.volumes["CSF"]
    assert total.max() <= 1 + 1e-6
    assert all(made.volumes[name].min() >= -1e-6 for name in ("GM", "WM", "CSF"))
    assert made.description.startswith(f"simulated {kind}, {SIZES.get(kind, 14)} mm, strength 0.6: ")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_place(
    kind: str, head: Head, nuclei: np.ndarray
) -> None:
    first, second, other = (make(kind, head, nuclei, 0.5, seed) for seed in (3, 3, 4))
    assert all(first.volumes[name].tobytes() == second.volumes[name].tobytes() for name in head)
    assert first.fraction.tobytes() == second.fraction.tobytes()
    assert not np.array_equal(first.fraction, other.fraction)


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


def test_the_tissue_maps_follow_the_t1w_as_a_mixture(head: Head, nuclei: np.ndarray) -> None:
    made = make("spot", head, nuclei, 0.2, size_mm=8, place=(21, 21, 9))
    inside = made.fraction > 0
    modelled = sum(
        share * made.volumes[name] for share, name in zip(SIGNAL["T1w"], ("GM", "WM", "CSF"), strict=True)
    )
    assert np.abs(modelled - made.volumes["T1w"])[inside].max() < 0.06


def test_a_region_limits_where_it_starts(head: Head, nuclei: np.ndarray) -> None:
    top = np.zeros(SHAPE, bool)
    top[:, :, 34:] = True
    for seed in range(3):
        made = make("atrophy", head, nuclei, 0.5, seed, size_mm=8, region=top)
        assert ndimage.center_of_mass(made.mask)[2] > 32


def test_air_around_the_head_does_not_matter(head: Head, nuclei: np.ndarray) -> None:
    little, much = ({name: np.pad(head[name], room) for name in head} for room in (8, 11))
    for kind, place in (("atrophy", (21, 21, 3)), ("hypometabolism", None)):
        made = [
            make(kind, given, nuclei, 0.5, place=None if place is None else np.add(place, room))
            for given, room in ((little, 8), (much, 11))
        ]
        inner = (slice(3, -3),) * 3
        for name in head:
            assert np.array_equal(made[0].volumes[name], made[1].volumes[name][inner])
        assert np.array_equal(made[0].fraction, made[1].fraction[inner])


def test_a_real_shape_is_kept_with_a_soft_edge_and_without_fluid(head: Head) -> None:
    shape = np.zeros(SHAPE, np.uint8)
    shape[15:30, 15:22, 21:36] = 1
    made = implant_shape(head, shape, contrasts={"T1w": -0.3, "FLAIR": 0.4}, voxel_size=VOXEL)
    tissue = head["GM"] + head["WM"] >= 0.5
    assert np.array_equal(made.mask, (shape > 0) & tissue)
    assert np.array_equal(made.fraction >= 0.5, made.mask)
    assert np.any((made.fraction > 0) & (made.fraction < 0.5))
    core = made.fraction == 1
    level = np.median(head["FLAIR"][made.mask])
    assert np.allclose((made.volumes["FLAIR"] - head["FLAIR"])[core], 0.4 * level, rtol=1e-3)
    assert np.array_equal(made.volumes["T2w"], head["T2w"])
    assert made.description.startswith("simulated lesion of real shape, ")
    assert made.description.endswith(" ml: T1w -30.0%, FLAIR +40.0%")


def test_a_real_shape_without_contrast_changes_nothing(head: Head) -> None:
    made = implant_shape(head, head["WM"] > 0.5, contrasts={"T1w": 0}, voxel_size=VOXEL)
    assert all(np.array_equal(made.volumes[name], head[name]) for name in head)


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        ("tumour", {}, "The kind of abnormality tumour is none of blur, thickening"),
        ("blur", {"strength": 1.5}, "from 0 to 1, not 1.5"),
        ("spot", {"size_mm": 90}, "choose another size or tissue"),
        ("atrophy", {"region": np.zeros(SHAPE, bool)}, "no place for this abnormality"),
        ("atrophy", {"region": np.zeros((3, 3, 3), bool)}, "The region has the shape"),
        ("nigral", {}, "need a region"),
        ("nigral", {"region": np.zeros(SHAPE, bool)}, "no voxel in the brain"),
        ("striatal", {"region": np.ones(SHAPE, bool)}, "not two sides with a gap"),
        ("hyperintensity", {"size_mm": 5}, "does not reach from cortex to ventricle"),
    ],
)
def test_what_cannot_be_made_is_refused_in_a_sentence(
    kind: str, given: dict[str, object], sentence: str, head: Head
) -> None:
    arguments = {"size_mm": 10, "strength": 0.5, "voxel_size": VOXEL, **given}
    with pytest.raises(UsageError, match=sentence):
        abnormal(kind, head, rng=np.random.default_rng(0), **arguments)


@pytest.mark.parametrize(
    ("kind", "without", "sentence"),
    [
        ("blur", ("GM",), "needs the volume GM; there are"),
        ("hypometabolism", ("pet",), "needs the volume pet"),
        ("hyperintensity", ("T1w", "T2w", "FLAIR"), "needs one of T1w, FLAIR, T2w"),
    ],
)
def test_a_missing_volume_is_named(kind: str, without: tuple[str, ...], sentence: str, head: Head) -> None:
    given = {name: volume for name, volume in head.items() if name not in without}
    with pytest.raises(UsageError, match=sentence):
        abnormal(kind, given, size_mm=10, strength=0.5, voxel_size=VOXEL, rng=np.random.default_rng(0))


def test_volumes_and_shapes_that_do_not_fit_are_refused(head: Head) -> None:
    empty = np.zeros(SHAPE, bool)
    with pytest.raises(UsageError, match="brain mask is empty"):
        implant_shape({**head, "mask": empty}, ~empty, contrasts={"T1w": -0.3}, voxel_size=VOXEL)
    with pytest.raises(UsageError, match="not on one grid"):
        implant_shape(head, np.ones((3, 3, 3)), contrasts={"T1w": -0.3}, voxel_size=VOXEL)
    with pytest.raises(UsageError, match="no voxel in the grey and white matter"):
        implant_shape(head, empty, contrasts={"T1w": -0.3}, voxel_size=VOXEL)
    with pytest.raises(UsageError, match="contrast is given for CT"):
        implant_shape(head, ~empty, contrasts={"CT": -0.3}, voxel_size=VOXEL)
    swapped = {**head, "T1w": head["T2w"]}
    with pytest.raises(UsageError, match="not T1-weighted"):
        implant_shape(swapped, ~empty, contrasts={"T1w": -0.3}, voxel_size=VOXEL)
