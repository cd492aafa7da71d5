"""A cohort brings its healthy controls: who looks like them is refused, and how often wrongly is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.analyses.coma.card import model_card
from bidsapp.analyses.coma.healthy_words import KEY, methods_sentence
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.rows import Rows, read_rows
from bidsapp.analyses.coma.train import train
from bidsapp.analyses.coma.trained import read_trained
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort, Member
from bidsapp.errors import BadDataError
from bidsapp.recipe import Recipe

from .conftest import slow_noise

MakeMember = Callable[..., Member]
MakeRecipe = Callable[..., Recipe]
QUICK = MappingProxyType(
    {
        "models": ["median", "networks"],
        "permutations": 0,
        "folds": 3,
        "inner_folds": 3,
        "reference_alpha": 0.0,
    }
)
"""Nothing is refused for being unlike the patients: what is refused here looks healthy."""


@pytest.fixture
def make_control(make_member: MakeMember) -> Callable[[int], Member]:
    """Give a function that makes somebody of whom all regions share a signal."""

    def make(number: int) -> Member:
        member = make_member(number, 0.3)
        path = member.series["bold"]
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        values = np.array([line.split("\t") for line in lines], dtype=np.float64)
        values += 2 * slow_noise(np.random.default_rng(1000 + number), len(values), 1)
        rows = ["\t".join(f"{value:.5f}" for value in row) for row in values]
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return member

    return make


@pytest.fixture
def with_controls(sessions: Cohort, make_control: Callable[[int], Member]) -> Cohort:
    return replace(sessions, controls=tuple(make_control(number) for number in range(100, 112)))


def test_a_bundle_refuses_who_looks_like_the_controls_and_scores_patients(
    with_controls: Cohort,
    make_recipe: MakeRecipe,
    make_member: MakeMember,
    make_control: Callable[[int], Member],
    tmp_path: Path,
) -> None:
    bundle = train(with_controls, make_recipe(**QUICK), tmp_path / "bundle", seed=3, target="crs_r")
    facts = bundle.metadata[KEY]
    assert facts["people"] == 12
    assert facts["reads"] == ["bold-series"]
    assert facts["patients"] == 30
    assert facts["used"]
    assert facts["auc"][0] > 0.95
    assert facts["refused_controls"][0] > 0.9
    assert facts["refused_patients"][0] < 0.2
    assert facts["limit"] == 0.05
    assert bundle.metadata["patients"] == 30
    said = (bundle.path / "docs" / "README.md").read_text()
    assert "## Healthy controls\n\n12 people, 12 sessions" in said
    assert f"{facts['refused_controls'][0]:.0%} (" in said

    def predict(member: Member) -> object:
        return ANALYSIS.predict(member, bundle, out_dir=tmp_path, device="cpu", seed=0)

    healthy, patient = predict(make_control(120)), predict(make_member(121, 0.9))
    assert healthy.scores[0].value is None
    assert "cannot be told from those of 12 healthy controls" in healthy.summary
    assert "of controls and" in healthy.summary
    p = {score.name: score.value for score in healthy.scores}["as_healthy_p"]
    assert p == pytest.approx(1 / 31)
    assert patient.scores[0].value is not None
    assert {score.name: score.value for score in patient.scores}["as_healthy_p"] > 0.05
    assert "12 healthy controls" in patient.methods
    assert methods_sentence(bundle.metadata) in patient.methods


def test_controls_like_patients_leave_the_guard_off_and_are_said(
    sessions: Cohort, make_recipe: MakeRecipe, make_member: MakeMember, tmp_path: Path
) -> None:
    alike = [make_member(200 + n, coupling) for n, coupling in enumerate(np.linspace(0.02, 0.95, 12))]
    cohort = replace(sessions, controls=tuple(alike))
    bundle = train(cohort, make_recipe(**QUICK), tmp_path / "bundle", seed=3, target="crs_r")
    assert bundle.metadata[KEY]["used"] is False
    assert read_trained(bundle).guard is None
    assert "nobody is refused for looking healthy" in methods_sentence(bundle.metadata)
    assert "better than by chance" in model_card(bundle.metadata)
    found = ANALYSIS.predict(alike[5], bundle, out_dir=tmp_path, device="cpu", seed=0)
    assert found.scores[0].value is not None


def test_a_bundle_without_controls_refuses_nobody_for_looking_healthy() -> None:
    bundle = Bundle.read(ANALYSIS.bundle.parent / "stroke-nihss")
    assert bundle.metadata[KEY] is None
    assert read_trained(bundle).guard is None
    assert methods_sentence(bundle.metadata) == ""
    recipe = {key: value for key, value in bundle.metadata["recipe"].items() if key != "healthy_alpha"}
    assert Options.of_bundle({"recipe": recipe}).healthy_alpha == 0.05  # of one from before there were any
    assert methods_sentence({"recipe": recipe}) == ""


def test_controls_stand_beside_the_patients_and_teach_no_score(
    with_controls: Cohort, sessions: Cohort, make_recipe: MakeRecipe
) -> None:
    options = Options.of(make_recipe())
    rows, alone = read_rows(with_controls, "crs_r", options), read_rows(sessions, "crs_r", options)
    assert [control.subject for control in rows.controls] == [str(n) for n in range(100, 112)]
    assert rows.groups == alone.groups
    assert rows.target.tolist() == alone.target.tolist()
    assert alone.controls == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"covariates": {"crs_r": 23.0}}, "sub-100 is named by --controls and has a value in column 'crs_r'"),
        ({"subject": "03", "session": "2"}, "sub-03 is a healthy control in one session and a patient"),
    ],
)
def test_nobody_is_a_control_and_a_patient(
    with_controls: Cohort, make_recipe: MakeRecipe, change: dict[str, object], words: str
) -> None:
    first, *others = with_controls.controls
    cohort = replace(with_controls, controls=(replace(first, **change), *others))
    with pytest.raises(BadDataError, match=words):
        read_rows(cohort, "crs_r", Options.of(make_recipe()))


def read_with(cohort: Cohort, controls: list[Member], recipe: Recipe) -> Rows:
    return read_rows(replace(cohort, controls=tuple(controls)), "crs_r", Options.of(recipe))


def test_controls_too_few_empty_or_with_a_patients_image_are_refused(
    with_controls: Cohort, make_recipe: MakeRecipe
) -> None:
    first, *others = with_controls.controls
    again = [replace(first, session=str(number)) for number in range(9)]
    with pytest.raises(BadDataError, match="--controls names 9 healthy people; at least 10"):
        read_with(with_controls, [*others[:8], *again], make_recipe())
    twin = replace(first, series=with_controls.members[0].series)
    with pytest.raises(BadDataError, match="same image"):
        read_with(with_controls, [twin, *others], make_recipe())
    path = first.series["bold"]
    header, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, *[lines[0]] * len(lines)]) + "\n")
    with pytest.raises(BadDataError, match="sub-100 is a control, but most of the bold signals are constant"):
        read_with(with_controls, [first, *others], make_recipe())


def test_controls_with_nothing_in_common_are_refused_before_anything_is_fitted(
    with_controls: Cohort, make_recipe: MakeRecipe
) -> None:
    controls = [replace(control, series={}) for control in with_controls.controls]
    with pytest.raises(BadDataError, match="prepare both alike, or leave --controls out"):
        read_with(with_controls, controls, make_recipe())


def test_a_healthy_alpha_of_0_switches_the_guard_off(with_controls: Cohort, make_recipe: MakeRecipe) -> None:
    assert (
        read_with(with_controls, list(with_controls.controls), make_recipe(healthy_alpha=0.0)).controls == ()
    )
