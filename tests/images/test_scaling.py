import numpy as np

from bidsapp.images.scaling import scale_grey_values


def test_unit_and_padding_do_not_matter():
    image = np.random.default_rng(0).gamma(3, 100, (40, 40, 40)).astype(np.float32)
    scaled = scale_grey_values(image)
    assert np.allclose(scale_grey_values(image * 7), scaled, atol=1e-4)
    assert 0 <= scaled.min() <= 0.01
    assert 1 <= scaled.max() <= 1.5


def test_an_empty_image_stays_empty():
    assert not scale_grey_values(np.zeros((8, 8, 8), np.float32)).any()
