from dataclasses import replace

import numpy as np
import pytest

from bidsapp.analyses.ms.earlier import read_earlier
from bidsapp.analyses.ms.grid import work_space
from bidsapp.images.transform_file import read_transform
from bidsapp.images.transforms import between_sessions
from tests.analyses.ms.conftest import LESION, grid_points


def turn(degrees, by):
    """Turn about the axis from foot to head, then shift."""
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, 3] = by
    return matrix


NOW, THEN = turn(12, (4.0, -3.0, 2.0)), turn(-8, (-6.0, 5.0, 1.0))


@pytest.fixture(scope="module")
def sessions(make_member):
    then = make_member("long", "01", pose=THEN, contrasts=("FLAIR", "T2w"))
    return replace(make_member("long", "02", pose=NOW), earlier=then), then


def test_the_map_between_sessions_is_one_pose_after_the_inverse_of_the_other(sessions):
    paths = [member.transforms["native_to_standard"] for member in sessions]
    found = between_sessions(*map(read_transform, paths))
    assert np.allclose(found, THEN @ np.linalg.inv(NOW), atol=1e-8)


def test_the_earlier_image_lands_where_the_head_is_now(sessions):
    member, then = sessions
    space = work_space(member)
    found = read_earlier(member, space)
    assert found.name == then.name == "sub-long_ses-01"
    assert set(found.images) == {"FLAIR", "T2w"}
    bright = found.images["FLAIR"].data > 1.4
    centre = grid_points(space.grid.affine, space.grid.shape)[bright].mean(axis=0)
    assert np.allclose(centre, (NOW @ [*LESION, 1])[:3], atol=0.3)
    both = (found.brain.data > 0) & (space.mask.data > 0)
    assert 2 * both.sum() / (found.brain.data.sum() + space.mask.data.sum()) > 0.97


def test_sessions_that_were_not_normalised_together_cannot_be_compared(sessions, make_member):
    member, _ = sessions
    apart = make_member("apart", "01", pose=THEN, bend=3.0)
    assert read_earlier(replace(member, earlier=apart), work_space(member)) is None


def test_without_an_earlier_session_transform_mask_or_contrast_there_is_nothing_to_compare(sessions):
    member, then = sessions
    space = work_space(member)
    assert read_earlier(replace(member, earlier=None), space) is None
    for useless in (
        replace(then, transforms={}),
        replace(then, native={key: path for key, path in then.native.items() if key != "mask"}),
        replace(then, native={key: path for key, path in then.native.items() if key in {"mask", "GM"}}),
    ):
        assert read_earlier(replace(member, earlier=useless), space) is None
