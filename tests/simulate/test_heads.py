import numpy as np
import pytest
import torch

from bidsapp.simulate.acquire import add_noise, blur_axis, random_view, shade, thicken
from bidsapp.simulate.classes import BRAIN, CLASSES, SHELL, TISSUE, brain_from_labels, head_classes
from bidsapp.simulate.contrast import add_lesions, brighten_shell, paint
from bidsapp.simulate.heads import random_head
from bidsapp.simulate.warp import random_matrix, random_points, sample, whole_points

SHAPE = (40, 40, 40)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def head():
    axes = np.meshgrid(*(np.arange(n) - 19.5 for n in SHAPE), indexing="ij")
    radius = np.sqrt(sum(a**2 for a in axes))
    image, labels = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.uint8)
    for limit, grey, label in ((19, 220, 0), (15, 20, 0), (13, 120, 100), (10, 200, 81), (4, 40, 51)):
        image[radius < limit], labels[radius < limit] = grey, label
    return image, labels, head_classes(image, labels)


def test_every_muse_label_has_one_class():
    members = [label for group in CLASSES.values() for label in group]
    assert len(members) == len(set(members))


def test_closing_fills_unlabelled_sulci_and_ventricles():
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[4:16, 4:16, 4:16] = 100
    labels[10, 4:10, 4:16] = 0
    labels[8, 8, 8] = 0
    assert brain_from_labels(labels)[6:14, 6:14, 6:14].all()


def test_classes_follow_labels_inside_and_grey_values_outside(head):
    image, labels, classes = head
    assert set(np.unique(classes[labels == 81])) == {11}
    assert TISSUE[classes[labels == 100]].max() == 1
    assert (classes[(labels == 0) & (image > 200)] >= 13).mean() > 0.9
    assert (classes[(labels == 0) & (image == 20)] == SHELL).any()


def test_rotation_keeps_lengths_and_scale_changes_them(rng):
    turn = random_matrix(rng, degrees=30, scale=0.0, shear=0.0)
    assert torch.allclose(turn @ turn.T, torch.eye(3), atol=1e-5)


def test_a_plain_crop_interpolates_nothing():
    volume = torch.rand(SHAPE)
    points = whole_points((8, 10, 12), torch.tensor([20.2, 19.5, 18.9]))
    assert torch.allclose(sample(volume, points), volume[17:25, 15:25, 13:25], atol=1e-4)


def test_reading_at_its_own_voxels_gives_the_volume_back(rng):
    volume = torch.rand(SHAPE)
    points = random_points(rng, SHAPE, torch.full((3,), 19.5), degrees=0, scale=0.0, shear=0.0, elastic=0.0)
    assert torch.allclose(sample(volume, points), volume, atol=1e-4)


@pytest.mark.parametrize("mode", ["real", "curve", "classes"])
def test_painting_changes_grey_values_and_never_the_labels(rng, head, mode):
    image, _, classes = (torch.from_numpy(item) for item in head)
    before = classes.clone()
    first, second = (paint(rng, image / 255, classes, mode) for _ in range(2))
    assert first.shape == image.shape
    assert bool(torch.isfinite(first).all())
    assert not torch.equal(first, second)
    assert torch.equal(classes, before)


def test_lesions_stay_in_white_matter_and_bright_shells_outside_of_the_brain(rng, head):
    image, labels, classes = (torch.from_numpy(item) for item in head)
    changed = add_lesions(rng, image / 255, classes) != image / 255
    assert not bool(changed[labels != 81].any())
    shell = brighten_shell(rng, image / 255, classes) != image / 255
    assert not bool(shell[torch.isin(classes, torch.tensor(BRAIN, dtype=torch.uint8))].any())


def test_blur_keeps_the_sum_and_a_constant_stays_constant_under_thick_slices():
    spike = torch.zeros(1, 1, 21)
    spike[0, 0, 10] = 1.0
    assert float(blur_axis(spike, 1.5, 2).sum()) == pytest.approx(1.0, abs=1e-5)
    thick = thicken(torch.ones(16, 16, 32), (1.0, 1.0, 3.0))
    assert thick.shape == (16, 16, 32)
    assert float(thick[:, :, 8:24].std()) < 1e-6


def test_noise_is_rician(rng):
    noisy = add_noise(rng, torch.zeros(40, 40, 40), 1.0)
    assert float(noisy.mean()) == pytest.approx(np.sqrt(np.pi / 2), rel=0.01)


def test_shading_is_positive_and_smooth(rng):
    field = shade(rng, torch.ones(SHAPE), 0.4)
    assert float(field.min()) > 0
    assert float(field.diff(dim=0).abs().max()) < 0.2


def test_a_view_is_a_box(rng):
    view = random_view(rng, SHAPE).nonzero()
    low, high = view.amin(0), view.amax(0)
    assert len(view) == int((high - low + 1).prod())


def test_an_example_is_whole_and_reproducible(head):
    image, classes = torch.from_numpy(head[0].astype(np.uint8)), torch.from_numpy(head[2])
    one, two = (random_head(np.random.default_rng(7), image, classes, size=(32, 48, 32)) for _ in range(2))
    assert torch.equal(one.image, two.image)
    assert one.image.shape == (32, 48, 32)
    assert torch.equal(one.tissue > 0, one.brain)
    assert 0 <= float(one.image.min()) <= float(one.image.max()) <= 1.5
