from dataclasses import replace

import numpy as np
import pytest

from bidsapp.analyses.anomaly import ANALYSIS
from bidsapp.analyses.anomaly.covariates import usable_design
from bidsapp.analyses.anomaly.features import channels_of, common_space, read_volumes
from bidsapp.analyses.anomaly.options import Options
from bidsapp.analyses.anomaly.store import read_trained
from bidsapp.analyses.anomaly.train import fit_model, one_session_each
from bidsapp.cohort import Cohort
from bidsapp.errors import BadDataError
from bidsapp.recipe import Recipe


def test_the_bundle_says_what_it_needs_and_who_the_controls_were(bundle):
    assert bundle.modalities == ("T1w",)
    assert len(bundle.metadata["controls"]) == 32
    assert bundle.metadata["controls_query"] == "healthy"
    assert {item.suffix for item in bundle.path.rglob("*") if item.is_file()} <= {
        ".json", ".md", ".safetensors", "",
    }  # fmt: skip
    assert "Research use only" in (bundle.path / "docs" / "README.md").read_text()


def test_what_is_read_back_scores_like_what_was_trained(bundle, controls, recipe):
    options = Options.of(recipe)
    members = one_session_each(controls)
    trained = read_trained(bundle)
    seen = trained.quantity
    volumes = [read_volumes(m, ("T1w",), trained.space) for m in members]
    features = np.stack([seen.of(m.name, v) for m, v in zip(members, volumes, strict=True)])
    design = trained.variants["adjusted"].design
    model, _ = fit_model(features, design.matrix(members), trained.space, options)
    row = design.row(members[0])
    read = trained.variants["adjusted"].model.z(features[0], row)
    assert np.allclose(read, model.z(features[0], row), atol=0.05, rtol=0.02)  # stored in half precision


def test_the_same_controls_give_the_same_bytes(bundle, controls, recipe, tmp_path):
    again = ANALYSIS.train(
        controls, recipe, path=tmp_path / "anomaly", device="cpu", seed=0, options={"controls": "healthy"}
    )
    assert again.digest == bundle.digest


def test_an_image_that_one_control_lacks_is_no_channel(controls, recipe):
    options = Options.of(recipe)
    with_flair = [replace(m, standard={**m.standard, "FLAIR": m.standard["T1w"]}) for m in controls.members]
    assert channels_of(with_flair, options) == ("T1w", "FLAIR")
    assert channels_of([*with_flair, controls.members[0]], options) == ("T1w",)


def test_two_channels_make_a_bundle_that_reads_back(controls, recipe, make_member, tmp_path):
    members = tuple(make_member(f"two{seed}", seed, keys=("T1w", "FLAIR")) for seed in range(20))
    bundle = ANALYSIS.train(Cohort(members), recipe, path=tmp_path / "two", device="cpu", seed=0, options={})
    assert bundle.modalities == ("T1w", "FLAIR")
    precision = read_trained(bundle).variants["plain"].model.gaussian.precision
    assert precision.shape[1:] == (2, 2)


def test_too_few_controls_are_refused_with_the_number_needed(controls, recipe, tmp_path):
    few = Cohort(controls.members[:12])
    with pytest.raises(BadDataError, match="at least 20 controls, not 12"):
        ANALYSIS.train(few, recipe, path=tmp_path / "few", device="cpu", seed=0, options={})


def test_sessions_of_one_person_count_once(controls):
    twice = [replace(controls.members[0], session=name) for name in ("02", "01")]
    assert [item.session for item in one_session_each(Cohort(tuple(twice)))] == ["01"]


def test_covariates_that_a_control_lacks_are_left_out_and_said(controls):
    members = [*controls.members, replace(controls.members[0], covariates={"sex": "M"})]
    design, notes = usable_design(members, ("age", "age_squared", "sex"))
    assert design.terms == ("sex",)
    assert "1 of 33 controls have no value" in notes[0]


def test_a_sex_with_hardly_any_controls_is_no_covariate(controls):
    members = [replace(m, covariates={"age": i, "sex": "F"}) for i, m in enumerate(controls.members)]
    assert usable_design(members, ("age", "sex"))[0].terms == ("age",)


def test_masks_that_do_not_overlap_are_refused(controls, recipe):
    options = replace(Options.of(recipe), coverage=1.0)
    empty = replace(
        controls.members[0],
        standard={**controls.members[0].standard, "mask": controls.members[0].standard["CSF"]},
    )
    assert common_space([empty, *controls.members[1:]], options).voxels < 2000


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("tissues", ["fat"], "'fat'"),
        ("coverage", 3.0, "between 0.01 and 1"),
        ("images", [], "name at least one channel"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(recipe, key, value, sentence):
    with pytest.raises(BadDataError, match=sentence):
        Options.of(Recipe("anomaly", {**recipe.values, key: value}))
