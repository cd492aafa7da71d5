from dataclasses import replace

import pytest
import torch

from bidsapp.analyses.ms.card import BY_CHANGE, SIMULATED, UNTOLD, model_card
from bidsapp.analyses.ms.material import Material
from bidsapp.analyses.ms.metadata import Sources, configs_of, metadata_of
from bidsapp.analyses.ms.patients import Patient
from bidsapp.bundle_checks import REQUIRED


def patient(subject, active):
    brain = torch.ones(2, 2, 2, dtype=torch.bool)
    return Patient(subject, {}, brain, None, active, None)


@pytest.fixture
def make_metadata(recipe):
    def make(*patients, rule=None, **values):
        return metadata_of(
            replace(recipe, values={**recipe.values, **values}),
            seed=1,
            material=Material((), patients, None),
            left_out=[],
            controls="group == 'control'",
            sources=Sources(rule=rule),
        )

    return make


def test_metadata_have_the_keys_of_a_bundle_and_what_the_weights_learned_from(make_metadata):
    metadata = make_metadata(patient("p2", None), patient("p1", None))
    assert set(REQUIRED) <= set(metadata)
    assert metadata["patients"] == ["p1", "p2"]
    assert metadata["controls"] == "group == 'control'"
    assert metadata["any_modality_of"] == ["T1w", "T2w", "FLAIR", "PDw"]
    assert (metadata["temperature"], metadata["threshold"]) == (1.0, 0.5)


def test_the_card_says_that_activity_was_simulated_unless_a_patient_had_some(make_metadata):
    none = torch.zeros(2, 2, 2, dtype=torch.bool)
    for unseen in (make_metadata(), make_metadata(patient("p1", None)), make_metadata(patient("p1", none))):
        assert SIMULATED in model_card(unseen)
    assert SIMULATED not in model_card(make_metadata(patient("p1", ~none)))


def test_the_rule_of_activity_is_taken_over_where_no_patient_taught_the_network(make_metadata):
    rule = {"weights": [1.0, 0.0, -1.0, 0.0], "intercept": 0.0}
    taught = patient("p1", torch.ones(2, 2, 2, dtype=torch.bool))
    kept = make_metadata(rule=rule)
    assert (kept["activity"], kept["active_from"], kept["activity_rule"]) == (True, "change", rule)
    assert BY_CHANGE in model_card(kept)
    own = make_metadata(taught, rule=rule)
    assert (own["activity"], own["active_from"], "activity_rule" in own) == (True, "head", False)
    asked = make_metadata(taught, rule=rule, active_from="change")
    assert (asked["active_from"], asked["activity_rule"]) == ("change", rule)
    neither = make_metadata()
    assert (neither["activity"], neither["active_from"]) == (False, "head")
    assert UNTOLD in model_card(neither)


def test_the_card_says_what_it_is_not_for_and_that_nobody_was_left_out(make_metadata):
    card = model_card(make_metadata())
    assert "Not a medical device" in card
    assert "nobody was left out" in card
    assert "Real patients: none" in card


def test_the_card_lists_each_patient_who_was_left_out(make_metadata):
    card = model_card({**make_metadata(), "left_out_dice": {"p1": 0.5, "p2": 0.75}})
    assert "- p1: lesion Dice 0.5" in card
    assert "mean 0.625" in card


def test_monai_builds_from_the_configs_the_network_that_was_trained(make_metadata):
    from monai.bundle import ConfigParser

    from bidsapp.networks.lesions import lesion_network

    parser = ConfigParser(configs_of(make_metadata())["inference"])
    built = parser.get_parsed_content("network").state_dict()
    own = lesion_network((4, 4, 4, 4, 4, 4)).state_dict()
    assert {key: value.shape for key, value in built.items()} == {
        key: value.shape for key, value in own.items()
    }


def test_a_second_stage_that_did_not_help_is_told_with_both_numbers(make_metadata):
    second = {"kept": False, "dice_without": {"07": 0.5, "19": 0.7}, "dice_with": {"07": 0.1, "19": 0.3}}
    metadata = {**make_metadata(patient("07", None), patient("19", None)), "second_stage": second}
    card = model_card(metadata)
    assert "The weights know no lesion marked in a real patient: 07, 19 served" in " ".join(card.split())
    assert "0.200 with, 0.600 without" in " ".join(card.split())
