import numpy as np
import pytest

from bidsapp.analyses.ms.instances import find_instances
from bidsapp.analyses.ms.places import _declared, place_lesions, regions_of
from bidsapp.images.templates import load_atlas

ONE = np.ones(3)


@pytest.fixture
def head():
    """A row of tissue along x: fluid of a ventricle, white matter, cortex; cerebellum below z = 5."""
    atlas = np.full((40, 9, 16), 45, dtype=np.int32)
    atlas[:4], atlas[30:] = 51, 104
    atlas[:, :, :5] = 40
    csf, grey = np.zeros(atlas.shape), np.zeros(atlas.shape)
    csf[:4], grey[30:] = 1.0, 1.0
    return atlas, grey, csf


def lesion_at(x: int, z: int = 10) -> np.ndarray:
    mask = np.zeros((40, 9, 16), dtype=bool)
    mask[x : x + 3, 3:6, z : z + 3] = True
    return find_instances(mask, 1.0)


@pytest.mark.parametrize(
    ("x", "z", "place"),
    [
        (6, 10, "periventricular"),  # its nearest voxel is 3 mm from the last of the ventricle
        (7, 10, "deep"),
        (27, 10, "juxtacortical"),  # 29 touches 30
        (26, 10, "deep"),
        (31, 10, "juxtacortical"),  # within cortex
        (6, 1, "infratentorial"),
        (6, 4, "periventricular"),  # a third below the tentorium
    ],
)
def test_each_place_by_its_distance(head, x, z, place):
    assert place_lesions(lesion_at(x, z), regions_of(*head, ONE), ONE) == (place,)


def test_distances_are_in_millimetres(head):
    assert place_lesions(lesion_at(7), regions_of(*head, ONE), 0.5 * ONE) == ("periventricular",)


def test_a_lesion_that_looks_like_grey_matter_is_no_cortex(head):
    atlas, grey, csf = head
    labels = lesion_at(25)
    grey[labels > 0] = 1.0
    assert place_lesions(labels, regions_of(atlas, grey, csf, ONE), ONE) == ("deep",)


def test_sulcal_fluid_is_no_ventricle(head):
    atlas, grey, csf = head
    csf[15] = 1.0
    assert place_lesions(lesion_at(17), regions_of(atlas, grey, csf, ONE), ONE) == ("deep",)


def test_a_head_without_ventricle_or_cortex_in_view_has_deep_lesions_only(head):
    atlas, grey, csf = head
    regions = regions_of(np.full_like(atlas, 45), grey, csf, ONE)
    assert place_lesions(lesion_at(6), regions, ONE) == ("deep",)


def test_the_declared_labels_are_the_atlas_s():
    names = {region.index: region.name for region in load_atlas(2).regions}
    known = _declared()
    assert {names[index] for index in known["ventricles"]} == {
        "Right_Lateral_Ventricle", "Left_Lateral_Ventricle", "Right_Inf_Lat_Vent", "Left_Inf_Lat_Vent"
    }  # fmt: skip
    below = {names[index] for index in known["infratentorial"]}
    assert below == {name for name in names.values() if "Cerebell" in name} | {"Brain_Stem"}
    assert names[known["cortex_from"]] == "Right_ACgG_anterior_cingulate_gyrus"
    assert not [name for index, name in names.items() if index < known["cortex_from"] and "gyrus" in name]
