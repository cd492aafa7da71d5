import pytest
import torch

from bidsapp.analyses.ms.networks import read_prior, read_trained
from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.learning.calibration.prior_shift import Prior
from tests.analyses.ms.conftest import copy_with


def test_a_bundle_is_an_ensemble_without_the_network_of_the_first_stage(bundle):
    trained = read_trained(bundle, "cpu")
    assert len(trained.networks) == 3
    assert (trained.threshold, trained.window, trained.synthesis) == (0.02, 32, True)
    assert trained.scaling.temperature == 1.0
    assert not any(network.training for network in trained.networks)


def test_weights_come_back_in_half_precision(bundle):
    stored = read_trained(bundle, "cpu").networks[0].state_dict()
    written = bundle.tensors("model")
    assert all(torch.equal(value, torch.from_numpy(written[key]).float()) for key, value in stored.items())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"threshold": None}, "no bundle of this version ('threshold')"),
        ({"temperature": "warm"}, "'warm' is no number"),
        ({"networks": "model"}, "'networks' must be a list of names"),
        ({"features": [8, 8, 8, 8, 8, 8]}, "the weights of 'model' are not those of a network"),
    ],
)
def test_a_bundle_of_another_version_is_named(bundle, tmp_path, changes, reason):
    with pytest.raises(BadDataError, match=r"broken.*train.* again") as said:
        read_trained(copy_with(bundle, tmp_path / "broken", **changes), "cpu")
    assert reason in str(said.value)
    assert "\n" not in str(said.value)


def test_a_network_that_is_not_there_is_named(bundle, tmp_path):
    broken = copy_with(bundle, tmp_path / "broken")
    (broken.path / "models" / "fold_1.safetensors").unlink()
    with pytest.raises(BadDataError, match=r"fold_1\.safetensors cannot be read"):
        read_trained(broken, "cpu")


def test_what_was_measured_of_the_packaged_bundle_goes_into_every_report():
    from bidsapp.analyses.ms import ANALYSIS

    assert ANALYSIS.bundle is not None
    trained = read_trained(Bundle.read(ANALYSIS.bundle), "cpu")
    assert trained.activity
    assert trained.active_from == "change"
    assert trained.rule is not None
    assert not trained.synthesis
    assert any("Activity is told only against the FLAIR of an earlier" in text for text in trained.cautions)
    assert any("Change between sessions is not reliable" in sentence for sentence in trained.cautions)


def test_a_bundle_says_how_logits_are_adapted_and_a_damaged_number_is_an_error():
    assert read_prior({}) is None
    assert read_prior({"prior": {"prevalence": 0.01}}) == Prior(0.01)
    with pytest.raises(TypeError, match="is no number"):
        read_prior({"prior": {"prevalence": "much"}})
    with pytest.raises(TypeError, match="must hold prevalence"):
        read_prior({"prior": 0.01})
