import numpy as np
import pytest
from sklearn.linear_model import Ridge

from bidsapp.errors import BadDataError
from bidsapp.learning.curriculum import Curriculum
from bidsapp.learning.ordinal.registry import LOSSES
from bidsapp.learning.tabular import HeadSettings, OrdinalHead
from bidsapp.learning.tabular.sample import Standard, make_sample
from bidsapp.learning.tabular.training import Fit, train

LEVELS = 10


def patients(n, seed=0, noise=0.5):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 5)) * [1, 10, 0.1, 1, 1] + [0, 50, 0, 0, 0]
    latent = features[:, 0] + 0.1 * (features[:, 1] - 50) + noise * rng.normal(size=n)
    return features, np.rint(1.5 * latent + 4.5).clip(0, LEVELS - 1)


def quick(**changes):
    return HeadSettings(levels=LEVELS, **{"penalties": (0.1, 0.01), "folds": 2, "epochs": 4, **changes})


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_predicts_new_patients_better_than_the_median(loss):
    features, score = patients(80)
    unseen, truth = patients(200, seed=1)
    model = OrdinalHead(quick(loss=loss)).fit(features, score)
    error = np.abs(model.predict(unseen) - truth).mean()
    assert error < 0.6 * np.abs(truth - np.median(score)).mean()
    assert model.probabilities(unseen).sum(1) == pytest.approx(np.ones(200))


def test_a_wide_huber_head_is_ridge_regression():
    features, score = patients(60)
    sample = make_sample(
        features, score, LEVELS, standard_error=None, weight=None, difficulty=None, balance="none"
    )
    fit = Fit.new(quick(epochs=10, steps=20), 5)
    fit.loss.delta = 1e6
    list(train(fit, sample, quick(epochs=10, steps=20), 0.1))
    ridge = Ridge(alpha=0.1 * 60).fit(features, score)  # half the mean square, over the variance of the score
    assert fit.expected(sample.features) == pytest.approx(
        np.clip(ridge.predict(features), 0, LEVELS - 1), abs=1e-3
    )


def test_units_of_features_do_not_matter():
    features, score = patients(60)
    first = OrdinalHead(quick()).fit(features, score).predict(features)
    second = OrdinalHead(quick()).fit(1000 * features + 3, score).predict(1000 * features + 3)
    assert first == pytest.approx(second, abs=1e-6)


@pytest.mark.parametrize("hidden", [0, 4])
def test_a_restored_head_says_the_same(hidden):
    features, score = patients(60)
    settings = quick(loss="coral", hidden=hidden)
    model = OrdinalHead(settings).fit(features, score)
    again = OrdinalHead(settings).restore(model.arrays())
    assert np.array_equal(again.predict(features), model.predict(features))
    assert np.array_equal(again.probabilities(features), model.probabilities(features))


def test_the_same_seed_gives_the_same_bytes():
    features, score = patients(40)
    runs = [OrdinalHead(quick(loss="kappa", hidden=3)).fit(features, score).arrays() for _ in range(2)]
    assert runs[0].keys() == runs[1].keys()
    assert all(np.array_equal(runs[0][key], runs[1][key]) for key in runs[0])


def test_shuffled_scores_give_no_better_than_the_median():
    features, score = patients(100)
    wrong = np.random.default_rng(0).permutation(score)
    unseen, truth = patients(300, seed=1)
    error = np.abs(OrdinalHead(quick(loss="coral")).fit(features, wrong).predict(unseen) - truth).mean()
    assert error > 0.95 * np.abs(truth - np.median(score)).mean()


def test_the_width_of_a_regression_is_its_error_on_patients_left_out():
    features, score = patients(150, noise=1.0)
    model = OrdinalHead(quick(loss="huber")).fit(features, score)
    unseen, truth = patients(400, seed=1, noise=1.0)
    error = np.sqrt(np.mean((model.predict(unseen) - truth) ** 2))
    assert float(model.arrays()["loss.spread"]) == pytest.approx(error, rel=0.15)


def test_a_patient_of_weight_zero_teaches_nothing():
    features, score = patients(60)
    settings = quick(penalties=(0.1,), epochs=8, steps=10)
    weight = np.ones(60)
    weight[::3] = 0
    spoiled = np.where(weight == 0, 9 - score, score)
    clean = OrdinalHead(settings).fit(features, score, weight=weight)
    wrong = OrdinalHead(settings).fit(features, spoiled, weight=weight)
    truth = np.abs(clean.predict(features) - wrong.predict(features)).mean()
    plain = np.abs(
        OrdinalHead(settings).fit(features, spoiled).predict(features) - clean.predict(features)
    ).mean()
    assert truth < 0.3 * plain


@pytest.mark.parametrize("kind", ["easiest", "self-paced"])
def test_a_curriculum_changes_the_way_of_a_linear_head_but_not_where_it_ends(kind):
    features, score = patients(60)
    sample = make_sample(
        features,
        score,
        LEVELS,
        standard_error=None,
        weight=None,
        difficulty=np.abs(score - 5),
        balance="none",
    )
    sample = sample.standardised(Standard.of(features))
    said = {}
    for curriculum in (Curriculum(), Curriculum(kind=kind)):
        settings = quick(loss="coral", epochs=5, steps=20, curriculum=curriculum)
        fit = Fit.new(settings, 5)
        said[curriculum.kind] = [fit.expected(sample.features) for _ in train(fit, sample, settings, 0.1)]
    paced, plain = said[kind], said["none"]
    assert np.abs(paced[0] - plain[0]).max() > 0.1
    assert paced[-1] == pytest.approx(plain[-1], abs=0.02)


def test_soft_labels_take_fractions_and_the_error_of_each_patient():
    features, score = patients(60)
    several = (score + score.clip(1, 8)) / 2
    model = OrdinalHead(quick(loss="cumulative-link")).fit(
        features, several, standard_error=np.linspace(0.5, 1.5, 60)
    )
    assert np.abs(model.predict(features) - score).mean() < 1


def test_bad_tables_are_refused():
    features, score = patients(10)
    gap = features.copy()
    gap[3, 2] = np.nan
    with pytest.raises(BadDataError, match="gaps"):
        OrdinalHead(quick()).fit(gap, score)
    with pytest.raises(BadDataError, match="inner folds"):
        OrdinalHead(quick(folds=20)).fit(features, score)
    with pytest.raises(BadDataError, match="0 to 9"):
        OrdinalHead(quick(loss="corn")).fit(features, score + 5)
