from dataclasses import replace

import numpy as np
import pytest
import torch

from bidsapp.analyses.ms.activity import tell_activity
from bidsapp.analyses.ms.activity_rule import ActivityRule
from bidsapp.analyses.ms.channels import PRIOR
from bidsapp.analyses.ms.drawing import draw_outputs
from bidsapp.analyses.ms.inference import infer
from bidsapp.analyses.ms.instances import find_instances
from bidsapp.analyses.ms.networks import Trained
from bidsapp.analyses.ms.reading import read_session
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume, write_volume
from bidsapp.learning.calibration.prior_shift import Prior
from bidsapp.learning.calibration.scaling import Scaling
from bidsapp.networks.dropout import with_dropout
from bidsapp.networks.lesions import lesion_network

SIDE = 32
BRAIN = np.ones((SIDE, SIDE, SIDE), bool)
BRAIN[:3] = False


def trained(kind="none", seeds=(0,), **more):
    networks = []
    for seed in seeds:
        torch.manual_seed(seed)
        networks.append(with_dropout(lesion_network((2, 2, 4, 4, 4, 2)), kind, 0.4).eval())
    rest = {"threshold": 0.02, "confidence_limit": 0.0, "window": SIDE, "synthesis": False, **more}
    return Trained(networks=tuple(networks), scaling=Scaling(), **rest)


def images(names=("T1w", "FLAIR")):
    rng = np.random.default_rng(0)
    return {
        name: Volume(rng.normal(1, 0.3, BRAIN.shape).astype(np.float32) * BRAIN, np.eye(4)) for name in names
    }


def lesions(bundle):
    return [item.lesion for item in draw_outputs(bundle, images(), BRAIN, "cpu")]


@pytest.fixture(scope="module")
def make_member(tmp_path_factory):
    def make(names):
        folder = tmp_path_factory.mktemp("member")
        volumes = {**images(names), "mask": Volume(BRAIN.astype(np.float32), np.eye(4))}
        native = {name: write_volume(folder / f"{name}.nii.gz", item) for name, item in volumes.items()}
        return Member(subject="01", native=native)

    return make


def test_without_dropout_each_network_says_one_thing():
    bundle = trained(seeds=(0, 1))
    first, second = lesions(bundle)
    assert not np.array_equal(first, second)
    assert np.array_equal(first, infer(bundle.networks[0], images(), BRAIN, window=SIDE).lesion)


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
def test_with_dropout_each_network_gives_its_samples_and_the_same_ones_every_time(kind):
    bundle = trained(kind, samples=2, seeds=(0, 1))
    drawn = lesions(bundle)
    assert len(drawn) == 4
    assert len({item.tobytes() for item in drawn}) == 4
    assert all(np.array_equal(one, two) for one, two in zip(drawn, lesions(bundle), strict=True))


def test_a_brain_and_its_mirror_image_mirror_each_other_where_both_are_averaged():
    shown, mirrored = images(), {}
    for name, volume in shown.items():
        mirrored[name] = volume.with_data(np.ascontiguousarray(volume.data[::-1]))
    bundle = trained(flips=(False, True))
    (one,) = draw_outputs(bundle, shown, BRAIN, "cpu")
    (two,) = draw_outputs(bundle, mirrored, np.ascontiguousarray(BRAIN[::-1]), "cpu")
    assert np.allclose(one.lesion, two.lesion[::-1], atol=1e-5)


def test_a_session_is_read_with_all_samples(make_member):
    reading = read_session(make_member(["T1w", "FLAIR"]), trained("bernoulli", samples=3), "cpu")
    assert len(reading.samples) == len(reading.active_samples) == 3
    assert np.mean(reading.samples, axis=0) == pytest.approx(reading.lesion.probability, abs=1e-6)
    assert reading.lesion.variance.max() > 0


def test_activity_is_read_from_the_synthesis_within_lesions_and_needs_a_t1w(make_member):
    bundle = trained(active_from="synthesis")
    reading = read_session(make_member(["T1w"]), bundle, "cpu")
    inside = reading.samples[0] >= bundle.threshold
    assert inside.any()
    (active,) = reading.active_samples
    assert not active[~inside].any()
    assert (active[inside & BRAIN] > 0).all()
    with pytest.raises(BadDataError, match="no T1w"):
        read_session(make_member(["FLAIR"]), bundle, "cpu")


def test_a_prior_moves_all_logits_of_the_brain_alike():
    bundle = trained(seeds=(0,))
    (plain,), (moved,) = lesions(bundle), lesions(replace(bundle, prior=Prior(0.3)))
    shifts = (moved - plain)[BRAIN]
    assert abs(float(shifts.mean())) > 0.1
    assert shifts == pytest.approx(float(shifts.mean()), abs=1e-4)
    assert float(moved[~BRAIN].max()) == -20


def test_activity_by_change_needs_the_earlier_flair(make_member):
    rule = ActivityRule((2.0, 0.0, -4.0, 0.0), -1.0)
    bundle = trained(rule=rule, active_from="change")
    reading = read_session(make_member(["T1w", "FLAIR"]), bundle, "cpu")
    labels = find_instances(reading.lesion.probability >= bundle.threshold, 1.0)
    assert PRIOR not in reading.images
    assert tell_activity(reading, labels, bundle) is None
    compared = replace(reading, images={**reading.images, PRIOR: reading.images["FLAIR"]})
    told = tell_activity(compared, labels, bundle)
    assert told is not None
    assert (told.low, told.high) == (None, None)
    assert np.array_equal(told.probability > 0, labels > 0)
    assert tell_activity(compared, labels, replace(bundle, activity=False)) is None


def test_activity_of_several_readings_has_their_ends(make_member):
    bundle = trained("bernoulli", samples=3)
    reading = read_session(make_member(["T1w", "FLAIR"]), bundle, "cpu")
    told = tell_activity(reading, find_instances(reading.lesion.probability > 0.02, 1.0), bundle)
    assert told is not None
    assert (told.low <= told.probability + 1e-6).all()
    assert (told.probability <= told.high + 1e-6).all()
    assert told.low.min() < told.high.max()
