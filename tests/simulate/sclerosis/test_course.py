import numpy as np
import torch
from scipy import ndimage

from bidsapp.simulate.sclerosis.course import draw_course, enhance


def _balls(radius: float, count: int) -> torch.Tensor:
    fraction = torch.zeros(20 * count, 20, 20)
    axes = torch.meshgrid(*(torch.arange(20.0) - 10 for _ in range(3)), indexing="ij")
    ball = ((axes[0] ** 2 + axes[1] ** 2 + axes[2] ** 2).sqrt() <= radius).float()
    for number in range(count):
        fraction[20 * number : 20 * (number + 1)] = ball
    return fraction


def test_without_activity_nothing_enhances_and_most_lesions_were_there_before():
    fraction = _balls(4, 40)
    course = draw_course(np.random.default_rng(0), fraction, share=0.0)
    assert float(course.active.max()) == 0
    assert float(course.enhancement.max()) == 0
    assert float((course.before == fraction)[fraction > 0.5].float().mean()) > 0.85


def test_nearly_all_active_lesions_are_new_or_enlarged():
    fraction = _balls(4, 60)
    course = draw_course(np.random.default_rng(0), fraction, share=1.0)
    now = fraction.reshape(60, -1).sum(1)
    before = course.before.reshape(60, -1).sum(1)
    assert float((before < 0.9 * now).float().mean()) > 0.9
    assert torch.equal(course.active, fraction)


def test_enhancement_stays_within_its_lesion_and_is_strongest_at_one():
    piece = _balls(6, 1).numpy()
    for seed in range(20):
        uptake = enhance(np.random.default_rng(seed), piece)
        assert uptake.max() == 1
        assert not uptake[piece == 0].any()


def test_some_large_lesions_enhance_as_rings_and_small_ones_do_not():
    large, small = _balls(7, 1).numpy(), _balls(1.5, 1).numpy()
    middle = (10, 10, 10)
    dark_centres = [enhance(np.random.default_rng(seed), large)[middle] < 0.2 for seed in range(40)]
    assert 0.2 < np.mean(dark_centres) < 0.8
    filled = [ndimage.sum(enhance(np.random.default_rng(seed), small)) >= small.sum() for seed in range(40)]
    assert np.mean(filled) > 0.7
