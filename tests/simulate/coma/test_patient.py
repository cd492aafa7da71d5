"""A simulated patient: same seed, same bytes; labelled; with gaps as asked; the truth beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bidsapp.errors import UsageError
from bidsapp.simulate.coma.missing import SCANS, draw_there
from bidsapp.simulate.coma.network import Network
from bidsapp.simulate.coma.patient import simulate_cohort, simulate_patient
from bidsapp.simulate.coma.score import ScoreMap
from bidsapp.simulate.coma.site import draw_site
from bidsapp.simulate.coma.study import Study

STUDY = Study(seed=7)
ALL = {key for keys in SCANS.values() for key in keys}


def _there(patient):
    return set(patient.volumes) | {f"{key}-series" for key in patient.series}


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(head):
    first, again, other = (
        simulate_patient(2, [head], study) for study in (STUDY, STUDY, replace(STUDY, seed=8))
    )
    assert first.clinical == again.clinical
    assert first.crsr == again.crsr
    for key, volume in first.volumes.items():
        assert (volume == again.volumes[key]).all()
        assert (volume != other.volumes[key]).any()
    for key, signals in first.series.items():
        assert (signals.values == again.series[key].values).all()


def test_a_patient_does_not_depend_on_how_many_there_are(head):
    third = list(simulate_cohort(3, [head], STUDY))[2]
    assert (third.volumes["pet"] == simulate_patient(2, [head], STUDY).volumes["pet"]).all()


def test_it_says_that_it_is_simulated(head):
    patient = simulate_patient(2, [head], STUDY)
    assert patient.subject == "simulated0002"
    assert patient.description == "SIMULATED patient 2 of seed 7; shows no person"


def test_all_that_was_scanned_is_there_and_images_are_brains(head):
    patient = simulate_patient(0, [head], STUDY)
    assert _there(patient) == ALL
    for volume in patient.volumes.values():
        assert volume.shape == head.gm.shape
        assert volume.dtype == np.float32
        assert volume.min() >= 0
        assert not volume[~head.brain].any()
    assert set(patient.clinical) == {"age", "sex", "etiology", "days_since_injury", "site"}
    lengths = {len(p.series["bold"].times) for p in simulate_cohort(4, [head], STUDY)}
    assert len(lengths) > 1


def test_the_truth_holds_together(head, network):
    patient = simulate_patient(4, [head], STUDY)
    truth = patient.truth
    assert truth.network_injury == pytest.approx(network.injury(truth.injury))
    assert truth.noiseless_score == ScoreMap().noiseless(truth.network_injury)
    assert truth.part_injuries["brainstem"] == pytest.approx(truth.regions["Brain_Stem"], rel=1e-4)
    assert isinstance(patient.crsr, int)
    assert 0 <= patient.crsr <= 23


def test_without_noise_and_error_the_label_is_the_rounded_noiseless_score(head):
    study = replace(STUDY, score=ScoreMap(biological_sd=0.0, label_error=0.0))
    for patient in simulate_cohort(5, [head], study):
        assert patient.crsr == round(patient.truth.noiseless_score)
        assert patient.truth.state == patient.truth.noiseless_score


def test_the_error_of_the_label_is_the_stated_one():
    rng, score = np.random.default_rng(0), ScoreMap(biological_sd=1.5, label_error=2.0)
    states = np.array([score.state(0.2, rng) for _ in range(4000)])
    exams = np.array([score.exam(11.5, rng) for _ in range(4000)])
    assert states.std() == pytest.approx(1.5, rel=0.05)
    assert exams.std() == pytest.approx(np.hypot(2.0, np.sqrt(1 / 12)), rel=0.05)


def test_the_score_may_depend_on_a_network_of_ones_own(head, network):
    stem = Network({"brainstem": network.parts["brainstem"]}, {"brainstem": 1.0})
    patient = simulate_patient(1, [head], STUDY, network=stem)
    usual = simulate_patient(1, [head], STUDY)
    assert (patient.truth.injury == usual.truth.injury).all()
    assert patient.truth.network_injury == usual.truth.part_injuries["brainstem"]


def test_scans_are_missing_at_the_stated_rate_and_never_t1w():
    rng = np.random.default_rng(0)
    draws = [draw_there(0.3, 0.0, 0.9, rng) for _ in range(2000)]
    assert all("T1w" in there for there in draws)
    for keys in SCANS.values():
        share = np.mean([keys[0] not in there for there in draws])
        assert share == pytest.approx(0.0 if keys[0] == "T1w" else 0.3, abs=0.04)
        assert all(len({key in there for key in keys}) == 1 for there in draws)
    assert draw_there(0.0, 5.0, 1.0, rng) == ALL


def test_the_worst_patients_lack_more_when_asked_to():
    rng = np.random.default_rng(0)
    mild, severe = (np.mean([len(draw_there(0.3, 3.0, s, rng)) for _ in range(500)]) for s in (0.0, 1.0))
    assert mild > severe + 3


def test_gaps_of_a_study_reach_its_patients(head):
    patients = list(simulate_cohort(6, [head], replace(STUDY, missing=0.5)))
    assert len({frozenset(_there(patient)) for patient in patients}) > 2
    assert all(_there(patient) <= ALL for patient in patients)


def test_sites_differ_in_scale_most_where_there_is_no_unit():
    sites = [draw_site(number, 1, 0.2) for number in range(200)]
    assert np.std([np.log(site.scale["T1w"]) for site in sites]) == pytest.approx(0.2, rel=0.15)
    assert np.std([np.log(site.scale["ADC"]) for site in sites]) == pytest.approx(0.04, rel=0.15)
    assert sites[3].name == "site4"
    assert draw_site(3, 1, 0.0).scale["T1w"] == 1


@pytest.mark.parametrize(
    ("study", "sentence"),
    [
        (replace(STUDY, etiologies={"trauma": 1.0}), "shares of trauma, anoxia, stroke do not add up to 1"),
        (replace(STUDY, missing=1.0), "rate of missing scans from 0 to below 1"),
        (replace(STUDY, sites=0), "and a site"),
    ],
)
def test_a_study_that_makes_no_sense_is_refused(head, study, sentence):
    with pytest.raises(UsageError, match=sentence):
        simulate_patient(0, [head], study)


def test_no_patient_without_a_head():
    with pytest.raises(UsageError, match="at least one healthy head"):
        simulate_patient(0, [], STUDY)


def test_scores_are_spread_like_those_of_real_patients(head):
    scores = [patient.crsr for patient in simulate_cohort(80, [head], STUDY)]
    assert np.mean(scores) == pytest.approx(9.4, abs=1.5)
    assert np.std(scores) == pytest.approx(4.9, abs=1.0)
