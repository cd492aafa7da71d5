import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.images.hyperintense import belief_mask, grey_matter_scale, lesion_belief
from bidsapp.images.volume import Volume


@pytest.fixture
def head():
    """White matter in a shell of grey matter in CSF, with a lesion that is called grey, and bright cortex."""
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    x, y, z = np.meshgrid(*[np.arange(24) - 11.5] * 3, indexing="ij")
    radius = np.sqrt(x**2 + y**2 + z**2)
    wm, gm, csf = radius < 7, (radius >= 7) & (radius < 9.5), (radius >= 9.5) & (radius < 11.5)
    noise = np.random.default_rng(0).normal(0, 0.05, radius.shape)
    flair = 1.0 * wm + 1.2 * gm + 0.3 * csf + noise
    lesion = (np.abs(x - 2) < 2) & (np.abs(y) < 2) & (np.abs(z) < 2)
    cortex = gm & (x > 8)
    flair[lesion | cortex] = 1.7
    parts = {"flair": flair, "gm": gm | lesion, "wm": wm & ~lesion, "csf": csf}
    volumes = {name: Volume(data.astype(np.float32), affine) for name, data in parts.items()}
    return volumes, lesion, cortex


def test_a_lesion_called_grey_matter_is_found_and_bright_cortex_is_not(head):
    volumes, lesion, cortex = head
    belief = lesion_belief(**volumes)
    mask = belief_mask(belief, kappa=4.0).data > 0.5
    assert np.array_equal(mask, lesion)
    assert belief.data[cortex].mean() < belief.data[lesion].mean() / 3


def test_belief_does_not_depend_on_the_unit_of_flair(head):
    volumes, _, _ = head
    scaled = {**volumes, "flair": volumes["flair"].with_data(volumes["flair"].data * 250)}
    assert np.allclose(lesion_belief(**scaled).data, lesion_belief(**volumes).data, rtol=1e-3, atol=1e-3)


def test_belief_is_zero_in_csf_outside_and_where_flair_is_dark(head):
    volumes, _, _ = head
    belief = lesion_belief(**volumes).data
    inside = sum(volumes[name].data for name in ("gm", "wm", "csf"))
    dark = volumes["flair"].data < 1.0
    assert (belief[(inside == 0) | (volumes["csf"].data > 0) | dark] == 0).all()


def test_mode_and_spread_of_a_normal_distribution_with_a_tail():
    rng = np.random.default_rng(1)
    healthy = rng.normal(100, 10, 20_000)
    mode, spread = grey_matter_scale(healthy)
    assert (mode, spread) == (pytest.approx(100, abs=3), pytest.approx(10, rel=0.05))
    tailed = np.concatenate([healthy, rng.normal(180, 15, 4_000)])
    mode, spread = grey_matter_scale(tailed)
    assert (mode, spread) == (pytest.approx(100, abs=3), pytest.approx(10, rel=0.25))
    assert tailed.std() > 3 * 10


def test_small_pieces_are_left_out():
    data = np.zeros((6, 6, 6), dtype=np.float32)
    data[0, 0, 0] = data[3:5, 3, 3] = 2
    belief = Volume(data, np.diag([1.0, 1.0, 2.0, 1.0]))
    assert belief_mask(belief, kappa=1).data.sum() == 2
    assert belief_mask(belief, kappa=1, larger_than_mm3=1).data.sum() == 3
    assert belief_mask(belief, kappa=2).data.sum() == 0


def test_what_cannot_be_standardised_is_refused():
    with pytest.raises(BadDataError, match="surely grey matter"):
        grey_matter_scale(np.ones(20))
    with pytest.raises(BadDataError, match="constant"):
        grey_matter_scale(np.ones(1000))
