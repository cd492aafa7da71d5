import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.images.bias import correct_bias
from bidsapp.images.templates import brain_of, load_template


@pytest.fixture(scope="module")
def brain():
    image, _ = load_template(2)
    return image, brain_of(image)


def shading(shape):
    x, y, z = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    return np.exp(0.3 * x + 0.2 * y * z - 0.2 * z**2).astype(np.float32)


def test_a_known_field_is_found_on_a_real_brain(brain):
    image, mask = brain
    true = shading(image.data.shape)
    inside = mask.data > 0.5
    found = np.log(correct_bias(image.with_data(image.data * true), mask).field.data[inside])
    alone = np.log(correct_bias(image, mask).field.data[inside])
    assert np.corrcoef(found - alone, np.log(true[inside]))[0, 1] > 0.97
    assert np.std(found - alone - np.log(true[inside])) < 0.03


def test_the_image_is_the_product_of_what_is_returned(brain):
    image, mask = brain
    result = correct_bias(image, mask)
    np.testing.assert_allclose(result.corrected.data * result.field.data, image.data, atol=1e-5)
    assert np.log(result.field.data[mask.data > 0.5]).mean() == pytest.approx(0, abs=1e-4)


def test_an_empty_mask_is_said(brain):
    image, mask = brain
    with pytest.raises(BadDataError, match="hardly any voxel of the brain is positive"):
        correct_bias(image, mask.with_data(np.zeros_like(mask.data)))
