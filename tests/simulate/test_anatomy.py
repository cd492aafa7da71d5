"""A simulated head has the size of a head, its own folds, and shells in the right order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from bidsapp.simulate.anatomy import Anatomy, place
from bidsapp.simulate.head import Material
from bidsapp.simulate.person import draw_person, draw_pose


def head(seed: int, *, age: float = 40, sex: str = "F") -> Anatomy:
    rng = np.random.default_rng(seed)
    return place(draw_person(rng, age=age, sex=sex), draw_pose(rng), 3.0)


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return head(0)


def test_the_brain_has_the_volume_of_a_brain(anatomy: Anatomy) -> None:
    litres = anatomy.brain.sum() * anatomy.voxel_size**3 / 1e6
    assert 1.3 < litres < 2.2  # with ventricles and sulci; the ICBM average has 1.9
    tissue = (anatomy.brain * (anatomy.gm + anatomy.wm)).sum() * anatomy.voxel_size**3 / 1e6
    assert 1.0 < tissue < 1.8


def test_fractions_are_fractions(anatomy: Anatomy) -> None:
    inside = anatomy.brain == 1
    total = anatomy.gm + anatomy.wm + anatomy.csf
    assert total.max() < 1.001
    assert np.median(total[inside]) > 0.99
    assert min(anatomy.gm.min(), anatomy.wm.min(), anatomy.csf.min()) >= 0


def test_bone_lies_around_the_upper_brain_and_skin_around_bone(anatomy: Anatomy) -> None:
    top = anatomy.template_mm[2] > 20
    brain = anatomy.brain > 0.5
    bone = np.isin(anatomy.outside, [Material.BONE, Material.MARROW])
    air = (anatomy.outside == Material.AIR) & ~brain
    to_brain = ndimage.distance_transform_edt(~brain) * anatomy.voxel_size
    assert to_brain[bone & top & ~brain].mean() < 9
    assert to_brain[air & top].min() > 8
    assert not np.any(ndimage.binary_dilation(brain) & air & top)


def test_two_people_differ_and_one_person_does_not() -> None:
    first, again, other = head(1), head(1), head(2)
    assert np.array_equal(first.gm, again.gm)
    assert np.corrcoef(first.gm.ravel(), other.gm.ravel())[0, 1] < 0.95


def test_old_brains_have_more_fluid() -> None:
    young, old = head(3, age=20), head(3, age=80)
    assert (old.csf * old.brain).sum() > 1.15 * (young.csf * young.brain).sum()
