"""An abnormality of each kind does to a head what its name and strength say, and nothing elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from bidsapp.errors import UsageError
from bidsapp.simulate.abnormal import KINDS, abnormal, implant_shape
from tests.simulate.round_head import SHAPE, SIGNAL, SIZES, VOXEL, Head, make


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
