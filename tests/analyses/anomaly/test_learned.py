from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from bidsapp.analyses.anomaly import ANALYSIS
from bidsapp.analyses.anomaly.learned import Learned
from bidsapp.analyses.anomaly.options import Options
from bidsapp.analyses.anomaly.quantities import LearnedFeatures, Strangeness
from bidsapp.analyses.anomaly.store import read_trained
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort
from bidsapp.errors import BadDataError
from bidsapp.recipe import Recipe

LESION = np.array([30.0, -20.0, 25.0])
SMALL = {"features": "latent", "fwhm_mm": 0.0, "latent": 8, "steps": 12, "pairs": 16, "checkpoint_steps": 4}


@pytest.fixture(scope="module")
def learn(controls, recipe, tmp_path_factory):
    def run(**values):
        own = Recipe("anomaly", {**recipe.values, **SMALL, **values})
        path = tmp_path_factory.mktemp("learned") / "anomaly"
        return ANALYSIS.train(controls, own, path=path, device="cpu", seed=3, options={})

    return run


@pytest.fixture(scope="module")
def svm_bundle(learn):
    return learn(score="svm", calibration="pooled")


def statmap(findings):
    return nib.load(next(item.path for item in findings.maps if item.suffix == "statmap"))


def inside_and_outside(findings):
    image = statmap(findings)
    z = image.get_fdata()
    grid = np.stack(np.meshgrid(*map(np.arange, z.shape), indexing="ij"), -1) @ image.affine[:3, :3]
    ball = np.linalg.norm(grid + image.affine[:3, 3] - LESION, axis=-1) < 8
    return z[ball].mean(), z[~ball & (z != 0)].mean()


@pytest.mark.parametrize(
    "values",
    [
        {"score": "gaussian"},
        {"score": "density"},
        {"score": "neighbours"},
        {"features": "reconstruction", "steps": 60},
        {"score": "density", "calibration": "extreme value"},
        {"features": "discriminator", "representation": "bigan"},
    ],
    ids=lambda values: "-".join(map(str, values.values())),
)
def test_every_score_sees_a_strong_lesion_and_survives_being_stored(learn, make_member, tmp_path, values):
    bundle = learn(**values)
    lesion = -0.5 if values.get("features") == "reconstruction" else 0.5  # what is dark is easy to draw
    findings = ANALYSIS.predict(
        make_member("ill", 200, lesion=lesion), bundle, out_dir=tmp_path, device="cpu", seed=0
    )
    inside, outside = inside_and_outside(findings)
    assert inside > outside + 0.3
    assert statmap(findings).get_fdata().min() >= 0


def test_a_personal_machine_is_stored_and_says_what_it_is(learn, make_member, tmp_path):
    bundle = learn(score="personal", calibration="pooled")
    findings = ANALYSIS.predict(make_member("one", 202), bundle, out_dir=tmp_path, device="cpu", seed=0)
    assert "of the subject's own brain" in findings.methods
    assert statmap(findings).get_fdata().min() >= 0


def test_covariates_are_not_used_where_the_calibration_knows_none(svm_bundle):
    assert list(svm_bundle.metadata["designs"]) == ["plain"]
    assert "not used by this calibration" in " ".join(svm_bundle.metadata["notes"])


def test_a_machine_over_learned_features_finds_the_lesion(svm_bundle, make_member, tmp_path):
    findings = ANALYSIS.predict(
        make_member("ill", 201, lesion=0.5), svm_bundle, out_dir=tmp_path, device="cpu", seed=0
    )
    inside, outside = inside_and_outside(findings)
    assert inside > outside + 1
    names = [column.name for column in findings.tables[0].columns]
    assert {row[names.index("direction")] for row in findings.tables[0].rows} == {"unlike"}
    assert "support vector machine" in findings.methods


def test_what_is_read_back_gives_the_same_deviates(svm_bundle, controls):
    from bidsapp.analyses.anomaly.features import read_volumes

    trained = read_trained(svm_bundle)
    assert isinstance(trained.quantity, Strangeness)
    assert isinstance(trained.quantity.features, LearnedFeatures)
    again = read_trained(Bundle.read(svm_bundle.path))
    member = controls.members[0]
    volumes = read_volumes(member, trained.channels, trained.space)
    first, second = (item.quantity.of(member.name, volumes) for item in (trained, again))
    assert np.array_equal(first, second)
    assert first.shape == (trained.space.voxels, 1)


def test_a_left_out_control_is_no_more_normal_than_a_new_healthy_head(svm_bundle, make_member):
    from bidsapp.analyses.anomaly.judge import judge
    from bidsapp.analyses.anomaly.parcels import on_space
    from bidsapp.images.templates import load_atlas

    trained = read_trained(svm_bundle)
    parcels = on_space(load_atlas(2, name=trained.options.atlas), trained.space)
    fresh = [judge(make_member(f"new{seed}", 300 + seed), trained, parcels) for seed in range(8)]
    spread = trained.variants["plain"].reference.spread
    assert abs(np.mean([item.measures.spread for item in fresh]) - spread.mean()) < 2 * spread.std()


def test_the_same_controls_recipe_and_seed_give_the_same_bytes(svm_bundle, learn):
    assert learn(score="svm", calibration="pooled").digest == svm_bundle.digest


def test_killed_and_resumed_is_the_same_as_never_killed(svm_bundle, controls, recipe, tmp_path, monkeypatch):
    from bidsapp.analyses.anomaly.representations import siamese

    own = Recipe("anomaly", {**recipe.values, **SMALL, "score": "svm", "calibration": "pooled"})
    honest, steps = siamese.REPRESENTATION.loss, []

    def dies(self, network, batch):
        steps.append(1)
        if len(steps) == 10:
            raise KeyboardInterrupt
        return honest(self, network, batch)

    def train():
        return ANALYSIS.train(controls, own, path=tmp_path / "a", device="cpu", seed=3, options={})

    monkeypatch.setattr(siamese.REPRESENTATION, "loss", dies)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train()
    monkeypatch.setattr(siamese.REPRESENTATION, "loss", honest)
    assert train().digest == svm_bundle.digest


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"features": "smell"}, "'features' is 'smell'; it can be intensity, latent"),
        ({"features": "intensity", "score": "svm"}, "needs learned features"),
        ({"unit": "slice", "dimensions": 3}, "a slice has two dimensions"),
        ({"unit": "slice", "representation": "bigan"}, "bigan is for patches"),
        ({"features": "discriminator", "representation": "siamese"}, "siamese has no discriminator"),
        ({"score": "svm"}, "not exact for score 'svm'"),
        ({"features": "reconstruction", "score": "density"}, "reconstruction is a score itself"),
        ({"pairs": 30}, "must be a multiple of 4"),
        ({"nu": 0.0}, "'nu' must lie between"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(recipe, values, sentence):
    with pytest.raises(BadDataError, match=sentence):
        Learned.of(Recipe("anomaly", {**recipe.values, "features": "latent", **values}))


def test_a_bundle_of_another_network_is_refused(svm_bundle, tmp_path):
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(svm_bundle.path, broken)
    text = (broken / "configs" / "metadata.json").read_text()
    (broken / "configs" / "metadata.json").write_text(text.replace('"latent": 8', '"latent": 9'))
    with pytest.raises(BadDataError, match="its network is not that of its recipe"):
        read_trained(Bundle.read(broken))


def test_a_control_with_another_grid_is_named(controls, recipe, tmp_path):
    odd = replace(
        controls.members[3],
        standard={**controls.members[3].standard, "T1w": controls.members[3].native["T1w"]},
    )
    cohort = Cohort((*controls.members[:3], odd, *controls.members[4:]))
    own = Recipe("anomaly", {**recipe.values, **SMALL})
    with pytest.raises(BadDataError, match=r"sub-c03: .* is not on the grid"):
        ANALYSIS.train(cohort, own, path=tmp_path / "odd", device="cpu", seed=0, options={})


@pytest.mark.parametrize(
    "path", sorted(ANALYSIS.recipe.parent.glob("anomaly*.toml")), ids=lambda path: path.stem
)
def test_every_packaged_recipe_is_whole(path):
    recipe = Recipe.read("anomaly", ANALYSIS.recipe, path)
    assert Options.of(recipe).learned.features in ("intensity", "latent", "reconstruction")
