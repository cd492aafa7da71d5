import pytest
import torch

from bidsapp.analyses.ms.channels import IMAGES, PRIOR, SPREAD, encode, standardise

SHAPE = (4, 3, 2)


@pytest.fixture
def brain():
    inside = torch.ones(SHAPE, dtype=torch.bool)
    inside[0] = False
    return inside


def test_each_image_comes_with_a_channel_that_says_whether_it_is_there(brain):
    images = {name: torch.full(SHAPE, 1.3) for name in ("T1w", PRIOR)}
    shown = encode(images, brain, ("T1w", PRIOR))
    assert shown.shape == (2 * len(IMAGES), *SHAPE)
    assert [float(channel.mean()) for channel in shown[5:]] == [1, 0, 0, 0, 1]
    assert shown[0][brain].unique().item() == pytest.approx(0.3 / SPREAD["T1w"])
    assert shown[4][brain].unique().item() == pytest.approx(0.3 / SPREAD[PRIOR])


def test_an_image_that_is_absent_or_not_to_be_seen_is_zero_like_the_outside(brain):
    images = {name: torch.full(SHAPE, 2.0) for name in ("T1w", "FLAIR")}
    shown = encode(images, brain, ("T1w",))
    assert not shown[1:5].any()
    assert not shown[:5, ~brain].any()


def test_white_matter_is_zero_and_far_values_are_clipped():
    values = standardise(torch.tensor([1.0, -100.0, 100.0]), "FLAIR")
    assert values.tolist() == [0.0, -6.0, 6.0]
