import numpy as np
import pytest
import torch

from bidsapp.simulate.sclerosis import examination
from bidsapp.simulate.sclerosis.acquisition import Degradation
from bidsapp.simulate.sclerosis.examination import POST, PRIOR, Severity, examine

ALL = ("T1w", "T2w", "FLAIR", "PDw", PRIOR)


@pytest.fixture(scope="module")
def ill(anatomy):
    severity = Severity(healthy=0.0, some_active=1.0)
    return [examine(np.random.default_rng(seed), anatomy, None, severity, ALL) for seed in range(8)]


def test_every_image_that_is_wanted_is_there_and_nothing_shows_outside_of_the_brain(ill):
    for seen in ill:
        assert set(seen.images) == set(ALL)
        assert all(float(image[~seen.brain].abs().max()) == 0 for image in seen.images.values())


def test_lesions_are_bright_on_flair_and_dark_on_t1w_against_white_matter(ill, anatomy):
    signs = []
    for seen in ill:
        white = (anatomy.wm > 0.9) & ~seen.lesion
        inside = (anatomy.wm > 0.9) & seen.lesion
        if int(inside.sum()) > 30:
            signs.append(
                [
                    float(seen.images[name][inside].median() - seen.images[name][white].median())
                    for name in ("FLAIR", "T1w")
                ]
            )
    flair, t1w = np.array(signs).T
    assert (flair > 0).mean() >= 0.8
    assert (t1w < 0).mean() >= 0.8


def test_contrast_agent_adds_signal_in_active_lesions_and_takes_none_away(ill):
    gains = []
    for seen in ill:
        assert seen.post is not None
        if seen.active is not None and seen.active.any():
            gains.append(float((seen.post - seen.images["T1w"])[seen.active].mean()))
    assert np.mean(gains) > 0.1


def test_the_truth_after_contrast_agent_is_on_the_scale_of_the_t1w_that_is_shown(anatomy, monkeypatch):
    """Else the network is asked to guess an error of the intensity scale as if agent had caused it."""
    monkeypatch.setattr(examination, "_quality", lambda *_: Degradation(level=1.2))
    seen = examine(np.random.default_rng(0), anatomy, None, Severity(healthy=1.0), ("T1w",))
    white = anatomy.wm > 0.9
    assert float((seen.post - seen.images["T1w"])[white].median()) == pytest.approx(0, abs=1e-4)


def test_active_lesions_are_lesions(ill):
    assert all(not bool((seen.active & ~seen.lesion).any()) for seen in ill)
    assert any(bool(seen.active.any()) for seen in ill)


def test_the_same_seed_gives_the_same_examination(anatomy):
    one, two = (examine(np.random.default_rng(5), anatomy, None, Severity(), ALL) for _ in range(2))
    assert all(torch.equal(one.images[name], two.images[name]) for name in ALL)
    assert torch.equal(one.lesion, two.lesion)


def test_healthy_people_have_no_lesion_and_their_vessels_still_enhance(anatomy):
    seen = examine(np.random.default_rng(0), anatomy, None, Severity(healthy=1.0), ("T1w",))
    assert not seen.lesion.any()
    assert not seen.active.any()
    assert POST not in seen.images
    assert seen.post is not None
