"""A cohort becomes a bundle; a bundle says a score with its doubt, or why it says none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.analyses.coma.comparison import compare
from bidsapp.analyses.coma.doubt import Doubt, fit_doubt
from bidsapp.analyses.coma.encoding import encode
from bidsapp.analyses.coma.models.registry import models_with
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.predict import judge_patient
from bidsapp.analyses.coma.rows import read_rows, visible
from bidsapp.analyses.coma.train import train
from bidsapp.analyses.coma.trained import Trained, read_trained
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort, Member
from bidsapp.errors import BadDataError, UsageError
from bidsapp.recipe import Recipe

from .conftest import write_series

MakeMember = Callable[..., Member]
MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def bundle(sessions: Cohort, make_recipe: MakeRecipe, tmp_path: Path) -> Bundle:
    return train(sessions, make_recipe(), tmp_path / "bundle", seed=3, target="crs_r")


def judged(trained: Trained, member: Member) -> float | None:
    patient = visible(encode(member, atlas=trained.options.atlas), trained.options)
    return judge_patient(patient, trained).value


def test_the_model_that_knows_is_taken_and_its_bundle_predicts(
    bundle: Bundle, make_member: MakeMember
) -> None:
    trained = read_trained(bundle)
    assert trained.model.name == "networks"
    compared = bundle.metadata["compared"]
    assert isinstance(compared, dict)
    assert compared["networks"]["mae"][0] < 0.6 * compared["median"]["mae"][0]
    assert bundle.metadata["permutation_p"] == pytest.approx(0.1)
    low, high = judged(trained, make_member(60, 0.1)), judged(trained, make_member(61, 0.9))
    assert low is not None
    assert high is not None
    assert 0 <= low < 10 < high <= 23


def test_what_is_said_of_a_patient(bundle: Bundle, make_member: MakeMember, tmp_path: Path) -> None:
    found = ANALYSIS.predict(make_member(63, 0.5, age=40.0), bundle, out_dir=tmp_path, device="cpu", seed=0)
    score = found.scores[0]
    assert score.value is not None
    assert score.interval is not None
    assert score.confidence is not None
    assert 0 <= score.interval[0] <= score.value <= score.interval[1] <= 23
    assert 0 < score.confidence < 1
    assert "left-out patients" in score.interval_meaning
    assert "Of a patient of whom nothing is known one would say" in found.summary
    beh = next(table for table in found.tables if table.suffix == "beh")
    assert dict(beh.entities) == {"task": "crsr", "desc": "predicted"}
    reasons = next(table for table in found.tables if table.entities.get("desc") == "reasons")
    trained = read_trained(bundle)
    mean = float(np.mean([trained.doubt.state.label.mean()]))
    assert sum(float(row[1] or 0) for row in reasons.rows) + mean == pytest.approx(score.value, abs=1e-6)


def test_no_score_without_signals_with_others_or_far_from_the_cohort(
    bundle: Bundle, make_member: MakeMember, tmp_path: Path
) -> None:
    trained = read_trained(bundle)
    nothing = ANALYSIS.predict(Member(subject="x"), bundle, out_dir=tmp_path, device="cpu", seed=0)
    assert nothing.scores[0].value is None
    assert "lacks a resting-state series" in nothing.summary
    other = write_series(
        tmp_path / "other.tsv", 0.5, 1, regions=("DMN.A", "DMN.B", "SN.A", "SN.B", "V.A", "V.B")
    )
    strange = ANALYSIS.predict(
        Member(subject="x", series={"bold": other}), bundle, out_dir=tmp_path, device="cpu", seed=0
    )
    assert "other regions" in strange.summary
    loud = make_member(62, 0.5)
    lines = loud.series["bold"].read_text(encoding="utf-8").splitlines()
    loudest = [
        lines[0],
        *("\t".join(f"{float(x) * 1000:.3f}" for x in line.split("\t")) for line in lines[1:]),
    ]
    loud.series["bold"].write_text("\n".join(loudest) + "\n", encoding="utf-8")
    assert judged(trained, loud) is None


def test_the_same_seed_gives_the_same_bundle_which_keeps_the_notes_of_the_cohort(
    sessions: Cohort, make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    recipe = make_recipe(models=["median", "networks"], permutations=0)
    noted = replace(sessions, notes=("30 of 30 labels rest on one exam.",))
    first = train(noted, recipe, tmp_path / "first", seed=1, target="crs_r")
    again = train(noted, recipe, tmp_path / "again", seed=1, target="crs_r")
    assert first.digest == again.digest
    assert first.metadata["notes"] == list(noted.notes)


def test_categories_get_probabilities_that_rise_with_the_score(
    sessions: Cohort, make_recipe: MakeRecipe, make_member: MakeMember, tmp_path: Path
) -> None:
    def diagnosed(member: Member) -> Member:
        score = float(member.covariates["crs_r"])
        state = "UWS" if score < 8 else "MCS" if score < 17 else "emerged"
        return replace(member, covariates={**member.covariates, "diagnosis": state})

    known = Cohort(tuple(map(diagnosed, sessions.members)))
    trained = read_trained(train(known, make_recipe(), tmp_path / "bundle", seed=3, target="crs_r"))
    patients = [encode(make_member(70 + i, coupling), atlas="aal") for i, coupling in enumerate((0.05, 0.95))]
    low, high = (judge_patient(patient, trained) for patient in patients)
    assert low.categories is not None
    assert high.categories is not None
    assert sum(low.categories.values()) == pytest.approx(1)
    assert low.categories["UWS"] > high.categories["UWS"]
    assert high.categories["emerged"] > low.categories["emerged"]
    assert "UWS" in low.likely


def test_an_outcome_gets_a_probability(sessions: Cohort, make_recipe: MakeRecipe, tmp_path: Path) -> None:
    members = [
        replace(m, covariates={"recovered": float(float(m.covariates["crs_r"]) > 11)})
        for m in sessions.members
    ]
    recipe = make_recipe(kind="outcome", models=["median", "networks"])
    trained = read_trained(
        train(Cohort(tuple(members)), recipe, tmp_path / "bundle", seed=3, target="recovered")
    )
    values = [judged(trained, member) for member in (members[0], members[-1])]
    assert values[0] is not None
    assert values[1] is not None
    assert 0 <= values[0] < 0.5 < values[1] <= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"crs_r": 24.0}, "0 to 23"),
        ({"crs_r": "ten"}, "0 to 23"),
    ],
)
def test_labels_out_of_range_are_refused(
    sessions: Cohort, make_recipe: MakeRecipe, change: dict[str, str | float], words: str
) -> None:
    first = replace(sessions.members[0], covariates={**sessions.members[0].covariates, **change})
    with pytest.raises(BadDataError, match=words):
        read_rows(Cohort((first, *sessions.members[1:])), "crs_r", Options.of(make_recipe()))


def test_leaks_are_refused(sessions: Cohort, make_recipe: MakeRecipe) -> None:
    def changed(**columns: Callable[[float], str | float]) -> Cohort:
        return Cohort(
            tuple(
                replace(
                    m,
                    covariates={
                        **m.covariates,
                        **{name: f(float(m.covariates["crs_r"])) for name, f in columns.items()},
                    },
                )
                for m in sessions.members
            )
        )

    options = Options.of(make_recipe(covariates=["age", "shadow"]))
    with pytest.raises(BadDataError, match="shadow"):
        read_rows(changed(shadow=lambda score: score**2 + 1), "crs_r", options)
    plain = Options.of(make_recipe())
    with pytest.raises(BadDataError, match="site"):
        read_rows(changed(site=lambda score: f"site {score:g}"), "crs_r", Options.of(make_recipe()))
    with pytest.raises(BadDataError, match="gos"):
        read_rows(sessions, "crs_r", Options.of(make_recipe(covariates=["age", "gos"])))
    with pytest.raises(BadDataError, match="crs_r"):
        read_rows(sessions, "crs_r", Options.of(make_recipe(covariates=["age", "crs_r"])))
    twin = replace(sessions.members[0], subject="twin")
    with pytest.raises(BadDataError, match="same image"):
        read_rows(Cohort((*sessions.members, twin)), "crs_r", plain)


def test_two_sessions_of_a_patient_are_in_one_fold(sessions: Cohort, make_recipe: MakeRecipe) -> None:
    pairs = [replace(m, subject=f"{i // 2:02d}", session=str(i % 2)) for i, m in enumerate(sessions.members)]
    options = Options.of(make_recipe(models=["networks"], repeats=3, minimum_patients=15, permutations=0))
    rows = read_rows(Cohort(tuple(pairs)), "crs_r", options)
    assert rows.subjects == 15
    for found in compare(rows, options, seed=1).left_out.values():
        assert (found.folds[:, ::2] == found.folds[:, 1::2]).all()


def test_too_few_patients_and_no_target_are_refused(
    sessions: Cohort, make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    with pytest.raises(BadDataError, match=r"at least 20 .* or lower minimum_patients in the recipe to 19"):
        read_rows(Cohort(sessions.members[:19]), "crs_r", Options.of(make_recipe()))
    with pytest.raises(BadDataError, match=r"at least 10 are needed: add patients\.$"):
        read_rows(Cohort(sessions.members[:9]), "crs_r", Options.of(make_recipe(minimum_patients=3)))
    with pytest.raises(UsageError, match="--target"):
        train(sessions, make_recipe(), tmp_path / "bundle")


def test_with_more_than_ten_folds_each_error_stays_with_its_model(
    sessions: Cohort, make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    options = Options.of(make_recipe(models=["networks"], folds=12))
    rows = read_rows(sessions, "crs_r", options)
    fitted = fit_doubt(rows, "networks", options, seed=1)
    make = models_with(options.learning)["networks"]
    restored = Doubt.restore(make, dict(reversed(fitted.arrays().items())))
    patient = rows.patients[0]
    assert restored.predict(patient).tolist() == fitted.predict(patient).tolist()


def test_a_recipe_names_models_that_exist_and_never_lacks_the_baseline(
    sessions: Cohort, make_recipe: MakeRecipe
) -> None:
    options = Options.of(make_recipe(models=["networks"]))
    assert options.models == ("median", "networks")
    with pytest.raises(BadDataError, match="'oracle'"):
        compare(read_rows(sessions, "crs_r", options), Options.of(make_recipe(models=["oracle"])), seed=1)
