"""Motion that is known is found, and undone."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from bidsapp.errors import BadDataError
from bidsapp.images.frames import Frames
from bidsapp.images.motion import motion_parameters
from bidsapp.images.realign import estimate_motion, resample_frames
from bidsapp.images.volume import Volume

AFFINE = np.diag([3.0, 3.0, 3.0, 1.0])
AFFINE[:3, 3] = -45.0
SHAPE = (32, 32, 28)


@pytest.fixture(scope="module")
def head():
    """A brain-like blob with structure inside, mask included."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in SHAPE], indexing="ij"))
    inside = (grid**2).sum(axis=0) < 0.6
    texture = ndimage.gaussian_filter(rng.normal(size=SHAPE), 1.5)
    data = np.where(inside, 100 + 400 * texture, 0.0)
    data = ndimage.gaussian_filter(data, 0.7)
    return Volume(data.astype(np.float32), AFFINE), Volume(inside.astype(np.float32), AFFINE)


def moved(volume, matrix):
    """Sample the image of a head that moved by ``matrix`` (mm)."""
    voxels = np.linalg.inv(volume.affine) @ np.linalg.inv(matrix) @ volume.affine
    return volume.with_data(ndimage.affine_transform(volume.data, voxels[:3, :3], voxels[:3, 3], order=3))


def rigid(shift, degrees):
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    matrix[:3, 3] = shift
    return matrix


POSES = [rigid((0, 0, 0), (0, 0, 0)), rigid((1.2, -0.8, 0.5), (1, 0, -1)), rigid((-3, 2, 4), (2, -3, 1.5))]


def test_known_motion_is_found_within_a_tenth_of_a_voxel(head):
    image, mask = head
    found = estimate_motion(Frames.stack([moved(image, pose) for pose in POSES]), image, mask)
    points = np.argwhere(mask.data > 0) @ AFFINE[:3, :3] + AFFINE[:3, 3]
    for pose, matrix in zip(POSES, found, strict=True):
        apart = points @ (pose - matrix)[:3, :3].T + (pose - matrix)[:3, 3]
        assert np.linalg.norm(apart, axis=1).max() < 0.3  # mm, a tenth of a voxel


def test_motion_is_found_though_the_brightness_changes(head):
    image, mask = head
    frame = moved(image, POSES[1])
    frames = Frames.stack([frame.with_data(frame.data * 3 + 20)])
    assert np.allclose(estimate_motion(frames, image, mask)[0], POSES[1], atol=0.2)


def test_realigned_frames_are_alike(head):
    image, mask = head
    frames = Frames.stack([moved(image, pose) for pose in POSES])
    back = resample_frames(frames, np.stack(POSES))
    core = ndimage.binary_erosion(mask.data > 0, iterations=3)
    before = np.abs(frames.data[core][:, 2] - image.data[core]).mean()
    after = np.abs(back.data[core][:, 2] - image.data[core]).mean()
    assert after < 0.1 * before
    assert np.array_equal(back.data[..., 0], frames.data[..., 0])


def test_parameters_are_those_of_the_motion():
    centre = np.array([10.0, -5.0, 20.0])
    around = rigid(0, (0, 0, 0))
    around[:3, :3] = Rotation.from_euler("xyz", (0.02, 0, 0)).as_matrix()
    around[:3, 3] = centre + np.array([1, 2, 3]) - around[:3, :3] @ centre
    assert np.allclose(motion_parameters(around[None], centre)[0], [1, 2, 3, 0.02, 0, 0])


def test_an_empty_brain_has_no_motion_to_follow(head):
    image, mask = head
    with pytest.raises(BadDataError, match="only 0 voxels"):
        estimate_motion(Frames.stack([image]), image, mask.with_data(np.zeros(SHAPE)))
