"""What the report says of the methods is true of the bundle."""

import pytest
from torch import nn

from bidsapp.analyses.ms.activity_rule import ActivityRule
from bidsapp.analyses.ms.methods import CHANGE, NO_ACTIVITY, NO_EARLIER, SIMULATED, methods
from bidsapp.analyses.ms.networks import Trained
from bidsapp.analyses.ms.reasons import methods_text
from bidsapp.learning.calibration.prior_shift import Prior
from bidsapp.learning.calibration.scaling import Scaling

NAMED = {"name": "ms-lesion", "version": "1"}


def trained(**changes: object) -> Trained:
    plain = {
        "networks": (nn.Identity(),),
        "scaling": Scaling(),
        "threshold": 0.5,
        "confidence_limit": 0.0,
        "window": 32,
        "synthesis": False,
        "activity": False,
    }
    return Trained(**{**plain, **changes})  # type: ignore[arg-type]


def test_a_temperature_that_nobody_fitted_is_not_said_to_be_fitted():
    said = methods(["T1w"], NAMED, trained())
    assert "Logits of lesion were taken as they are, not calibrated on patients" in said
    assert "left out" not in said


def test_a_fitted_temperature_and_the_adaptation_to_the_load_are_said():
    said = methods(["FLAIR"], NAMED, trained(scaling=Scaling(1.58), prior=Prior(0.01)))
    assert "adapted to the load that the scan shows" in said
    assert "then divided by 1.58, fitted on patients who were left out" in said
    assert "adapted" not in methods(["FLAIR"], NAMED, trained(scaling=Scaling(1.58)))


@pytest.mark.parametrize("told", [True, False])
def test_activity_is_in_no_text_of_a_bundle_that_does_not_tell_it(told):
    bundle = trained(activity=told)
    assert methods(["FLAIR"], NAMED, bundle).endswith(NO_ACTIVITY) is not told
    assert ("most probably active" in methods_text(bundle, active=told)) is told


def test_activity_by_change_is_said_where_there_is_an_earlier_flair():
    bundle = trained(activity=True, active_from="change", rule=ActivityRule((1.0, 0.0, -1.0, 0.0), 0.0))
    assert methods(["FLAIR", "prior_FLAIR"], NAMED, bundle).endswith(CHANGE + SIMULATED)
    assert methods(["FLAIR"], NAMED, bundle).endswith(NO_EARLIER)
    seen = {**NAMED, "activity_seen_in_patients": True}  # by a network; the rule has seen simulations alone
    assert methods(["FLAIR", "prior_FLAIR"], seen, bundle).endswith(CHANGE + SIMULATED)


def test_what_is_explained_is_the_logit_before_the_adaptation():
    assert "not adapted to the scan's load" in methods_text(trained(prior=Prior(0.01)), active=False)
    assert "adapted" not in methods_text(trained(), active=False)
