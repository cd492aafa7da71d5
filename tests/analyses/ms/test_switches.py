"""The switches of the recipes: what is learned with them, what a bundle says of them, how it is read back."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from bidsapp.analyses.ms import ANALYSIS
from bidsapp.analyses.ms.material import Material
from bidsapp.analyses.ms.metadata import metadata_of
from bidsapp.analyses.ms.networks import read_trained
from bidsapp.analyses.ms.options import Options
from bidsapp.analyses.ms.stages import Stage, run_stage
from bidsapp.analyses.ms.train import write_bundle
from bidsapp.analyses.ms.training import Learner, batch_loss
from bidsapp.errors import BadDataError
from bidsapp.learning.lesion_loss import TaskWeights
from bidsapp.networks.dropout import kl, with_dropout
from bidsapp.networks.lesions import INPUTS, lesion_network
from bidsapp.recipe import Recipe
from bidsapp.simulate.sclerosis.anatomy import HealthyHead

FEATURES = [2, 2, 4, 4, 4, 2]
DEFAULTS = Recipe.read("ms", ANALYSIS.recipe)
PACKAGED = sorted(ANALYSIS.recipe.parent.glob("ms-*.toml"))


def recipe(**values):
    small = {"features": FEATURES, "crop": 32, "start": "random", "workers": 0, "steps": 2}
    return replace(DEFAULTS, values={**DEFAULTS.values, **small, **values})


def tiny(kind="none"):
    torch.manual_seed(0)
    return with_dropout(lesion_network(FEATURES), kind, 0.3)


@pytest.fixture(scope="module")
def material():
    """A ball of white matter under cortex, its middle at MNI (0, 0, 0)."""
    axes = [torch.arange(40, dtype=torch.float32) - 20] * 3
    position = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    radius = position.square().sum(0).sqrt()
    white, cortex = radius < 13, (radius >= 13) & (radius < 17)
    tissue = torch.stack([cortex, white, radius < 0]).to(torch.uint8) * 255
    t1w = (70 * cortex + 100 * white).to(torch.uint8)
    head = HealthyHead(t1w, tissue, torch.zeros_like(t1w), position[:, ::4, ::4, ::4].contiguous())
    return Material((head,), (), None)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    shown = torch.randn(1, INPUTS, 32, 32, 32, generator=generator)
    brain = torch.ones(1, 32, 32, 32, dtype=torch.bool)
    lesion = torch.zeros_like(brain)
    lesion[:, 8:20, 8:20, 8:20] = True
    return shown, lesion, lesion & (shown[:, 0] > 0), shown[:, 0] * 0.1, brain


def run(material, folder, **values):
    options = Options.of(recipe(**values))
    stage = Stage(steps=2, learning_rate=1e-2, patient_share=0.0, seed=0)
    return run_stage(tiny(options.dropout), stage, material, options, folder, "cpu")


@pytest.mark.parametrize("path", PACKAGED, ids=lambda path: path.stem)
def test_every_packaged_recipe_is_one(path):
    options = Options.of(Recipe.read("ms", ANALYSIS.recipe, path))
    assert options.steps + options.patient_steps > 0
    assert options.weight_lesion > 0


def test_each_ablation_leaves_one_task_out():
    names = ("ms-segmentation", "ms-synthesis")
    seen = [Options.of(Recipe.read("ms", ANALYSIS.recipe, ANALYSIS.recipe.with_stem(name))) for name in names]
    assert [(item.weight_active > 0, item.weight_post > 0) for item in seen] == [(True, False), (False, True)]
    assert [item.active_from for item in seen] == ["head", "synthesis"]


@pytest.mark.parametrize(
    "values",
    [
        {"dropout": "alpha"},
        {"dropout": "gaussian", "dropout_rate": 0.5},
        {"task_weights": "kendall"},
        {"samples": 0},
        {"active_from": "synthesis", "weight_post": 0.0},
        {"weight_lesion": 0.0},
    ],
)
def test_a_senseless_switch_is_named(values):
    with pytest.raises(
        BadDataError, match=list(values)[-1] if "active_from" not in values else "active_from"
    ):
        Options.of(recipe(**values))


def test_what_only_concerns_reading_leaves_the_checkpoints_where_they_are():
    same = [{}, {"samples": 3}, {"test_time_augmentation": True}, {"workers": 4}]
    assert len({repr(Options.of(recipe(**values))) for values in same}) == 1
    assert repr(Options.of(recipe(dropout="bernoulli"))) != repr(Options.of(recipe()))


def test_learned_weights_start_from_the_fixed_ones_and_move_towards_the_easier_task(batch):
    weights = TaskWeights(lesion=1.0, active=0.5, post=0.2)
    network = tiny().eval()
    fixed = Learner(network, weights, learned=False, examples=10)(batch)
    learner = Learner(network, weights, learned=True, examples=10)
    assert learner(batch).item() == pytest.approx(fixed.item(), rel=1e-5)
    learner(batch).backward()
    slopes = {task: place.grad.item() for task, place in learner.balance.places.items()}
    losses = {
        task: batch_loss(network, batch, replace(nought, **{task: getattr(weights, task)})).item()
        for nought in [TaskWeights(lesion=0.0, active=0.0, post=0.0)]
        for task in slopes
    }
    assert {task for task, slope in slopes.items() if slope < 0} == {
        task
        for task, loss in losses.items()
        if loss > 0.5  # d/ds of exp(-s) L + s / 2 at 0 is 1/2 - L
    }


def test_the_divergence_of_learned_rates_stands_over_the_number_of_examples(batch):
    network = tiny("gaussian").eval()
    plain = batch_loss(network, batch, TaskWeights()).item()
    whole = Learner(network, TaskWeights(), learned=False, examples=100)(batch).item()
    assert whole - plain == pytest.approx(kl(network).item() / 100, rel=1e-3)


def test_a_stage_learns_task_weights_and_rates_and_gives_the_network_alone(material, tmp_path):
    network = run(material, tmp_path, task_weights="learned", dropout="gaussian", dropout_rate=0.3)
    before = tiny("gaussian").state_dict()
    assert network.state_dict().keys() == before.keys()
    rates = [key for key in before if key.endswith("D.place")]
    assert rates
    assert all(not torch.equal(network.state_dict()[key], before[key]) for key in rates)
    (kept,) = tmp_path.glob("*/last.ckpt")
    state = torch.load(kept, weights_only=True)["state_dict"]
    moved = [float(value) for key, value in state.items() if key.startswith("network.balance.places")]
    assert len(moved) == 3
    assert any(moved)


@pytest.mark.parametrize("kind", ["none", "bernoulli", "gaussian"])
def test_a_bundle_says_its_dropout_and_is_read_back_with_it(kind, tmp_path):
    used = recipe(dropout=kind, dropout_rate=0.25, samples=3, test_time_augmentation=True)
    metadata = metadata_of(used, seed=0, material=Material((), (), None), left_out=[], controls="")
    bundle = write_bundle(tmp_path / "b", {"model": tiny(kind), "base": tiny(kind)}, metadata)
    trained = read_trained(bundle, "cpu")
    assert (trained.samples, trained.flips) == (0 if kind == "none" else 3, (False, True))
    (network,) = trained.networks
    fresh = tiny(kind).state_dict()
    assert network.state_dict().keys() == fresh.keys()
    assert sum(hasattr(module, "held") for module in network.modules()) == (0 if kind == "none" else 8)
    config = ConfigParser(ConfigParser.load_config_file(str(bundle.path / "configs" / "inference.json")))
    weights = {key: torch.from_numpy(value).float() for key, value in bundle.tensors("model").items()}
    config.get_parsed_content("network").load_state_dict(weights)


def test_a_bundle_from_before_dropout_has_none(tmp_path):
    metadata = metadata_of(recipe(), seed=0, material=Material((), (), None), left_out=[], controls="")
    bundle = write_bundle(tmp_path / "b", {"model": tiny(), "base": tiny()}, metadata)
    kept = {key: value for key, value in bundle.metadata.items() if key not in {"dropout", "samples"}}
    trained = read_trained(replace(bundle, metadata=kept), "cpu")
    assert (trained.samples, len(trained.networks)) == (0, 1)
    with pytest.raises(BadDataError, match="no dropout"):
        read_trained(replace(bundle, metadata={**kept, "dropout": {"kind": "alpha", "rate": 0.1}}), "cpu")


def test_a_bundle_that_reads_activity_from_the_t1w_needs_one(tmp_path):
    nobody = Material((), (), None)
    used = recipe(active_from="synthesis")
    metadata = metadata_of(used, seed=0, material=nobody, left_out=[], controls="")
    assert metadata["modalities"] == ["T1w"]
    assert metadata_of(recipe(), seed=0, material=nobody, left_out=[], controls="")["modalities"] == []
    assert np.isfinite(metadata["temperature"])
