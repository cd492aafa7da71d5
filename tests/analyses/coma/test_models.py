from __future__ import annotations

import numpy as np
import pytest

from bidsapp.analyses.coma.features.clinical import Clinical
from bidsapp.analyses.coma.features.regional import Regional
from bidsapp.analyses.coma.models.boosting import RATE, Boosting
from bidsapp.analyses.coma.models.head import fit_head
from bidsapp.analyses.coma.models.kernel import GaussianKernel, Kernel
from bidsapp.analyses.coma.models.median import Median
from bidsapp.analyses.coma.models.registry import MODELS, applicable
from bidsapp.analyses.coma.models.stacked import convex_weights
from bidsapp.analyses.coma.models.targets import inner_folds, is_outcome
from bidsapp.analyses.coma.models.trees import Forest
from bidsapp.analyses.coma.patient import Patient
from bidsapp.errors import BadDataError
from bidsapp.learning.validation.sealed import check_sealed, check_unfitted

NAMES = list(MODELS)
OF_THESE = [name for name, entry in MODELS.items() if not {"lesions", "images"} & set(entry.needs)]
"""Models that these patients, who have no volume, are enough for; test_volumes.py has the others."""


@pytest.fixture(scope="module")
def fitted(cohort):
    """Every model, fitted to the score and to the outcome of the first 30 patients."""
    patients, score = cohort
    targets = {"score": score, "outcome": (score > np.median(score)).astype(float)}
    return {
        (name, kind): MODELS[name]().fit(patients[:30], target[:30])
        for name in OF_THESE
        for kind, target in targets.items()
    }


def test_the_median_says_the_median_and_the_share():
    nobody = [Patient(subject="1")] * 4
    assert Median().fit(nobody, np.array([1.0, 2, 4, 20])).predict(nobody[:1])[0] == 3
    assert Median().fit(nobody, np.array([1.0, 0, 0, 1])).predict(nobody)[0] == 0.5


def test_models_are_ordered_from_the_median_and_named_as_in_the_registry():
    assert NAMES[0] == "median"
    assert [make().name for make in MODELS.values()] == NAMES
    assert len({make.title for make in MODELS.values()}) == len(NAMES)


@pytest.mark.parametrize("kind", ["score", "outcome"])
@pytest.mark.parametrize("name", OF_THESE)
def test_what_was_learned_comes_back_exactly(fitted, cohort, name, kind):
    model = fitted[name, kind]
    stored = {key: np.array(array) for key, array in model.arrays().items()}
    assert all(array.dtype != object for array in stored.values())
    again = MODELS[name]().restore(stored)
    np.testing.assert_array_equal(again.predict(cohort[0]), model.predict(cohort[0]))


@pytest.mark.parametrize("kind", ["score", "outcome"])
@pytest.mark.parametrize("name", OF_THESE)
def test_a_prediction_does_not_depend_on_the_other_patients(fitted, cohort, name, kind):
    model, new = fitted[name, kind], cohort[0][30:]
    together = model.predict(new)
    np.testing.assert_allclose(model.predict(new[::-1])[::-1], together, atol=1e-10)
    np.testing.assert_allclose([model.predict([patient])[0] for patient in new], together, atol=1e-10)
    if kind == "outcome":
        assert ((together >= 0) & (together <= 1)).all()


@pytest.mark.parametrize("name", OF_THESE)
def test_a_patient_of_whom_nothing_is_known_gets_a_number(fitted, name):
    assert np.isfinite(fitted[name, "score"].predict([Patient(subject="x")])).all()


@pytest.mark.parametrize("name", ["clinical", "clinical-tangent", "stacked", "boosting"])
def test_a_score_that_follows_from_age_is_found(fitted, cohort, name):
    patients, score = cohort
    error = np.abs(fitted[name, "score"].predict(patients[30:]) - score[30:]).mean()
    assert error < 0.75 * np.abs(np.median(score[:30]) - score[30:]).mean()


def names(target):
    return [str(number) for number in range(target.size)]


def test_ridge_is_that_of_scikit_learn_with_the_best_left_out_penalty():
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import LeaveOneOut, cross_val_predict

    from bidsapp.analyses.coma.models.head import PENALTIES

    columns, target = _line()
    head = fit_head(columns, target, names(target))
    losses = [
        np.mean((cross_val_predict(Ridge(alpha=alpha), columns, target, cv=LeaveOneOut()) - target) ** 2)
        for alpha in PENALTIES[::4]
    ]
    assert head.loss <= min(losses) + 1e-9
    best = Ridge(
        alpha=min(PENALTIES, key=lambda a: np.abs(Ridge(a).fit(columns, target).coef_ - head.weights).sum())
    )
    np.testing.assert_allclose(best.fit(columns, target).predict(columns), head.predict(columns))


def test_logistic_regression_on_components_is_that_on_all_columns():
    from sklearn.linear_model import LogisticRegression

    from bidsapp.analyses.coma.models.head import STRENGTHS

    rng = np.random.default_rng(3)
    columns = rng.standard_normal((16, 30)) / 5
    columns -= columns.mean(axis=0)
    target = (columns[:, 0] > 0).astype(float)
    head = fit_head(columns, target, names(target))
    direct = [LogisticRegression(C=c, tol=1e-8, max_iter=1000).fit(columns, target) for c in STRENGTHS]
    gaps = [np.abs(each.predict_proba(columns)[:, 1] - head.predict(columns)).max() for each in direct]
    assert min(gaps) < 1e-4


def test_the_strength_of_logistic_regression_is_that_of_a_grid_search():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    from bidsapp.analyses.coma.models.head import STRENGTHS

    rng = np.random.default_rng(5)
    columns = rng.standard_normal((40, 4))
    target = (columns[:, 0] + rng.standard_normal(40) > 0.5).astype(float)
    head = fit_head(columns, target, names(target))
    search = GridSearchCV(
        LogisticRegression(solver="newton-cholesky", tol=1e-6),
        {"C": STRENGTHS},
        scoring="neg_log_loss",
        cv=list(inner_folds(target, names(target))),
    ).fit(columns, target.astype(int))
    np.testing.assert_array_equal(head.weights, search.best_estimator_.coef_[0])
    assert head.loss == pytest.approx(-search.best_score_, abs=1e-12)


def test_the_kernel_model_is_kernel_ridge_on_the_centred_kernel():
    from sklearn.kernel_ridge import KernelRidge

    from bidsapp.analyses.coma.models.head import PENALTIES
    from bidsapp.analyses.coma.models.kernel import GAMMAS

    rng = np.random.default_rng(0)
    patients = [
        Patient(subject=str(i), regions={"FA": {"a": rng.normal(), "b": rng.normal()}}) for i in range(20)
    ]
    target = np.array([p.regions["FA"]["a"] ** 2 for p in patients]) * 5
    model = Kernel("kernel", "Kernel", [Regional()]).fit(patients, target)
    points = model.arrays()["kernel.points"]
    gamma = float(model.arrays()["kernel.gamma"][0])
    assert gamma in GAMMAS
    kernel = GaussianKernel.of(points, gamma)(points)
    np.testing.assert_allclose(kernel.mean(axis=0), 0, atol=1e-12)
    found = model.predict(patients) - target.mean()
    gaps = []
    for alpha in PENALTIES:
        ridge = KernelRidge(alpha=alpha, kernel="precomputed").fit(kernel, target - target.mean())
        gaps.append(np.abs(ridge.predict(kernel) - found).max())
    assert min(gaps) < 1e-6


@pytest.mark.parametrize("outcome", [False, True])
def test_walked_trees_say_what_scikit_learn_says(outcome):
    from scipy.special import logit
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

    columns, target = _line()
    target = (target > 0).astype(float) if outcome else target
    kind = GradientBoostingClassifier if outcome else GradientBoostingRegressor
    grown = kind(n_estimators=30, learning_rate=RATE, max_depth=3, random_state=0).fit(columns, target)
    start = logit(target.mean()) if outcome else target.mean()
    forest = Forest.of(grown.estimators_[:, 0], rate=RATE, start=float(start))
    new = np.random.default_rng(9).standard_normal((200, columns.shape[1]))
    expected = grown.decision_function(new) if outcome else grown.predict(new)
    np.testing.assert_allclose(forest.predict(new), expected, rtol=0, atol=1e-12)


def test_weights_of_a_stack_are_those_that_made_the_target():
    rng = np.random.default_rng(1)
    columns = rng.standard_normal((200, 3)) * 10
    np.testing.assert_allclose(convex_weights(columns, columns @ [0.2, 0.8, 0]), [0.2, 0.8, 0], atol=1e-6)
    np.testing.assert_allclose(convex_weights(columns, -columns[:, 0]).sum(), 1)


def test_inner_folds_hold_each_patient_once_and_each_its_share_of_the_outcome():
    target = np.array([1.0] * 8 + [0.0] * 32)
    tests = [test for _, test in inner_folds(target, names(target))]
    assert sorted(np.concatenate(tests)) == list(range(40))
    assert all(1 <= target[test].sum() <= 2 for test in tests)


def test_inner_folds_part_no_subject_of_several_sessions():
    target, subjects = np.repeat(np.arange(12.0), 2), [f"{number % 12}" for number in range(24)]
    folds = list(inner_folds(target, subjects))
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(24))
    for train, test in folds:
        assert not {subjects[place] for place in train} & {subjects[place] for place in test}


def test_the_penalty_of_several_sessions_is_that_of_left_out_subjects():
    from sklearn.linear_model import RidgeCV

    from bidsapp.analyses.coma.models.head import PENALTIES

    rng = np.random.default_rng(4)
    columns, subjects = np.repeat(rng.standard_normal((15, 20)), 3, axis=0), np.repeat(np.arange(15), 3)
    columns = columns + rng.normal(0, 0.01, columns.shape)
    columns -= columns.mean(axis=0)
    target = np.repeat(rng.standard_normal(15), 3)
    names = [str(number) for number in subjects]
    head = fit_head(columns, target, names)
    folds = list(inner_folds(target, names))
    search = RidgeCV(alphas=PENALTIES, cv=folds, scoring="neg_mean_squared_error").fit(columns, target)
    assert head.loss == pytest.approx(-search.best_score_)
    np.testing.assert_allclose(head.weights, search.coef_, atol=1e-9)
    by_row = RidgeCV(alphas=PENALTIES).fit(columns, target)
    assert head.loss > 10 * -by_row.best_score_, "rows of one subject tell each other's label"
    assert np.linalg.norm(head.weights) < 0.5 * np.linalg.norm(by_row.coef_)


def test_an_outcome_that_one_patient_has_is_refused():
    with pytest.raises(BadDataError, match="1 of 5 patients"):
        is_outcome(np.array([0.0, 0, 0, 0, 1]))


def test_models_without_material_are_left_out_with_the_reason(cohort):
    bedside = [Patient(subject=p.subject, clinical=p.clinical) for p in cohort[0]]
    found = applicable(bedside)
    assert found.names == ("median", "clinical", "boosting", "ordinal", "fusion")
    assert found.reasons["tangent"].startswith("0 of 40 patients have a resting-state series")
    assert set(applicable(cohort[0]).reasons) == {"sparse", "volume"}


def test_boosting_stops_early_on_noise():
    rng = np.random.default_rng(0)
    patients = [Patient(subject=str(i), clinical={"age": rng.normal()}) for i in range(40)]
    model = Boosting("b", "B", [Clinical()]).fit(patients, rng.normal(size=40))
    assert model.arrays()["forest.roots"].size < 40


def _line() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    columns = rng.standard_normal((30, 4))
    columns -= columns.mean(axis=0)
    return columns, columns @ [1.0, -1, 0.5, 0] + 0.3 * rng.standard_normal(30)


@pytest.mark.parametrize("name", OF_THESE)
def test_no_model_learns_from_patients_who_are_left_out(cohort, name):
    patients, score = cohort

    def pipeline(people, target, left_out):
        taught = [person for person, out in zip(people, left_out, strict=True) if not out]
        asked = [person for person, out in zip(people, left_out, strict=True) if out]
        return MODELS[name]().fit(taught, target[~left_out]).predict(asked)

    check_unfitted(MODELS[name], patients[:24])
    check_sealed(pipeline, patients[:24], score[:24], np.arange(24) < 4)
