import numpy as np
import pytest

from bidsapp.oneclass.normative import fit_normative


def keep(values):
    return values


def test_left_out_controls_score_like_new_ones():
    rng = np.random.default_rng(0)
    features = rng.standard_t(5, size=(80, 2000, 1)).astype(np.float32)
    design = np.ones((80, 1))
    model, left_out = fit_normative(
        features[:60],
        design[:60],
        prior_weight=10.0,
        tail_power=1.0,
        spread=lambda v: np.full_like(v, v.mean()),
    )
    new = np.concatenate([model.z(features[i], design[i]) for i in range(60, 80)])
    levels = [0.5, 0.9, 0.99]
    assert np.quantile(np.abs(new), levels) == pytest.approx(np.quantile(np.abs(left_out), levels), rel=0.05)


def test_age_is_taken_out():
    rng = np.random.default_rng(0)
    age = rng.normal(size=50)
    features = (rng.normal(size=(50, 300, 1)) + 3 * age[:, None, None]).astype(np.float32)
    with_age = np.column_stack([np.ones(50), age])
    settings = {"prior_weight": 10.0, "tail_power": 0.0, "spread": keep}
    _, adjusted = fit_normative(features, with_age, **settings)
    _, plain = fit_normative(features, np.ones((50, 1)), **settings)
    assert abs(np.corrcoef(adjusted.mean(axis=1), age)[0, 1]) < 0.3
    assert np.corrcoef(plain.mean(axis=1), age)[0, 1] > 0.9
