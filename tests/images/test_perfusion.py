"""Flow phantoms by the forward model, and what a sidecar must say."""

import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.images.labelling import read_context, read_labelling, recovery_time
from bidsapp.images.perfusion import flow, pair_up, recovered, spatial_variation
from bidsapp.images.perfusion_series import Series, check_asl, map_perfusion, mean_shown
from bidsapp.images.volume import Volume

PCASL = {
    "ArterialSpinLabelingType": "PCASL",
    "PostLabelingDelay": 1.8,
    "LabelingDuration": 1.5,
    "LabelingEfficiency": 0.85,
    "MagneticFieldStrength": 3,
    "BackgroundSuppression": False,
    "RepetitionTimePreparation": 6.0,
}
PASL = {
    "ArterialSpinLabelingType": "PASL",
    "PostLabelingDelay": 1.9,
    "BolusCutOffFlag": True,
    "BolusCutOffDelayTime": [0.7, 1.6],
    "LabelingEfficiency": 0.98,
    "MagneticFieldStrength": 1.5,
    "RepetitionTimePreparation": 6.0,
}
KINDS = ("control", "label", "control", "label")
PCASL_NUMBERS = (1.8, 1.5, 0.85, 1.65)  # delay, duration, efficiency, T1 of blood
PASL_NUMBERS = (1.9, 0.7, 0.98, 1.35)


def labelled(m0, cbf, metadata, later=0.0):
    """Give control minus label of the kinetic model (Buxton 1998), with arrival time 0 and T1 of blood."""
    f = cbf / 6000  # ml/g/s
    delay, duration, efficiency, t1 = PASL_NUMBERS if metadata is PASL else PCASL_NUMBERS
    blood = m0 / 0.9
    if metadata is PASL:
        return 2 * blood * f * duration * efficiency * np.exp(-(delay + later) / t1)
    return 2 * blood * f * t1 * efficiency * np.exp(-(delay + later) / t1) * (1 - np.exp(-duration / t1))


def phantom(head):
    small = Volume(np.ascontiguousarray(head.data[::3, ::3, ::3]), head.affine @ np.diag([3.0, 3, 3, 1]))
    m0 = small.with_data(1000 * small.data)
    return m0, small.with_data(np.where(small.data > 0.5, 60.0, 0)), small.with_data(small.data > 0.05)


def series(head, metadata, **more):
    m0, cbf, mask = phantom(head)
    label = m0.with_data(m0.data - labelled(m0.data, cbf.data, metadata))
    return Series("sub-01_asl.nii.gz", [m0, label, m0, label], KINDS, metadata, **more), cbf, mask


@pytest.mark.parametrize("metadata", [PCASL, PASL])
def test_the_forward_model_is_inverted_within_one_per_cent(metadata):
    rng = np.random.default_rng(0)
    m0, cbf = rng.uniform(500, 1500, (4, 5, 6)), rng.uniform(10, 90, (4, 5, 6))
    timing, notes = read_labelling(metadata, "x", KINDS)
    np.testing.assert_allclose(flow(labelled(m0, cbf, metadata), m0, timing, 0), cbf, rtol=1e-6)
    assert notes == []


def test_later_slices_waited_longer():
    timing, _ = read_labelling(
        {**PCASL, "MRAcquisitionType": "2D", "SliceTiming": [0.0, 0.1, 0.2]}, "x", KINDS
    )
    m0 = np.full((2, 2, 3), 1000.0)
    seen = labelled(m0, 50.0, PCASL, later=np.array([0.0, 0.1, 0.2]))
    np.testing.assert_allclose(flow(seen, m0, timing, 0), 50, rtol=1e-6)
    with pytest.raises(BadDataError, match="3 times for 4 slices"):
        flow(np.ones((2, 2, 4)), np.ones((2, 2, 4)), timing, 0)


def test_slices_are_counted_as_their_direction_says():
    two_d = {**PCASL, "MRAcquisitionType": "2D", "SliceTiming": [0.0, 0.1, 0.2]}
    m0, late = np.full((3, 2, 2), 1000.0), np.array([0.2, 0.1, 0.0])
    timing, _ = read_labelling({**two_d, "SliceEncodingDirection": "i-"}, "x", KINDS)
    seen = labelled(m0, 50.0, PCASL, later=late[:, None, None])
    np.testing.assert_allclose(flow(seen, m0, timing, 0), 50, rtol=1e-6)


def test_an_unusual_field_is_said():
    timing, notes = read_labelling({**PCASL, "MagneticFieldStrength": 7}, "x", KINDS)
    assert timing.t1_blood == 1.65
    assert notes == ["the T1 of blood at 3 T was taken, though the field is 7 T"]
    assert read_labelling({**PCASL, "MagneticFieldStrength": 2.89}, "x", KINDS)[1] == []


def test_the_recovery_of_m0_may_be_a_list_of_times():
    assert recovery_time({"RepetitionTimePreparation": [2.0, 2.0]}) == 2.0
    assert recovery_time({"RepetitionTimePreparation": [6.0, 4.0]}, ("control", "m0scan")) == 4.0
    assert recovery_time({}) is None


def test_flow_is_zero_where_there_is_no_tissue():
    timing, _ = read_labelling(PCASL, "x", KINDS)
    m0 = np.full((3, 3, 3), 1000.0)
    m0[0] = 1
    assert not flow(np.full(m0.shape, 5.0), m0, timing, 0)[0].any()
    with pytest.raises(BadDataError, match="nowhere positive"):
        flow(m0, np.zeros_like(m0), timing, 0)


def test_a_short_repetition_time_is_made_up_for():
    assert recovered(np.array([100.0]), 2.0)[0] == pytest.approx(100 / (1 - np.exp(-2 / 1.3)))
    assert recovered(np.array([100.0]), 6.0)[0] == recovered(np.array([100.0]), None)[0] == 100


@pytest.mark.parametrize("metadata", [PCASL, PASL])
def test_a_whole_series_gives_its_flow(head, metadata):
    raw, cbf, mask = series(head, metadata)
    found = map_perfusion(raw, mask)
    core = cbf.data > 0
    assert np.median(found.cbf.data[core]) == pytest.approx(60, rel=0.01)
    assert not found.cbf.data[mask.data == 0].any()
    assert found.motion_mm < 0.3
    assert found.notes == ("M0 was estimated from the control volumes",)


def test_a_separate_m0_counts_before_the_controls(head):
    m0, _, mask = phantom(head)
    raw, cbf, _ = series(head, PCASL, m0=(m0.with_data(2 * m0.data), 6.0))
    found = map_perfusion(raw, mask).cbf.data[cbf.data > 0]
    assert np.median(found) == pytest.approx(30, rel=0.01)


def test_the_stated_m0_is_that_of_blood(head):
    m0, cbf, mask = phantom(head)
    flat = m0.with_data(np.where(cbf.data > 0, 900.0, 0))
    label = flat.with_data(flat.data - labelled(flat.data, cbf.data, PCASL))
    raw = Series("x", [flat, label] * 2, KINDS, {**PCASL, "M0Estimate": 1000.0})
    found = map_perfusion(raw, mask)
    assert np.median(found.cbf.data[cbf.data > 0]) == pytest.approx(60, rel=0.02)
    assert "1000" in found.notes[0]


def test_flow_that_is_given_is_used_as_it_is(head):
    m0, cbf, mask = phantom(head)
    raw = Series("x", [m0, cbf], ["m0scan", "cbf"], {})
    np.testing.assert_allclose(map_perfusion(raw, mask).cbf.data, cbf.data)


def test_differences_that_are_given_need_only_m0(head):
    m0, cbf, mask = phantom(head)
    difference = m0.with_data(labelled(m0.data, cbf.data, PCASL))
    found = map_perfusion(Series("x", [m0, difference], ["m0scan", "deltam"], PCASL), mask)
    assert np.median(found.cbf.data[cbf.data > 0]) == pytest.approx(60, rel=0.01)
    with pytest.raises(BadDataError, match="no M0"):
        check_asl(Series("x", [difference], ["deltam"], PCASL))


def test_suppressed_controls_are_no_m0(head):
    raw, _, _ = series(head, {**PCASL, "BackgroundSuppression": True})
    with pytest.raises(BadDataError, match="background-suppressed; add its m0scan"):
        check_asl(raw)


def test_pairs_follow_the_context_and_the_longest_delay_counts():
    kinds = ("m0scan", "label", "control", "label", "control", "control")
    delays = [0, 1.5, 1.5, 2.0, 2.0, 2.0]
    timing, _ = read_labelling({**PCASL, "PostLabelingDelay": delays}, "x", kinds)
    pairs, notes = pair_up(kinds, timing)
    assert pairs == [(4, 3)]
    assert "1 volumes" in notes[0]
    assert "the longest (2 s)" in notes[1]


def test_what_is_not_stated_is_assumed_and_said():
    bare = {key: PCASL[key] for key in ("ArterialSpinLabelingType", "PostLabelingDelay", "LabelingDuration")}
    timing, notes = read_labelling(bare, "x", KINDS)
    assert (timing.efficiency, timing.t1_blood) == (0.85, 1.65)
    assert len(notes) == 2
    pulses = {**bare, "BackgroundSuppression": True, "BackgroundSuppressionNumberPulses": 2}
    assert read_labelling(pulses, "x", KINDS)[0].efficiency == pytest.approx(0.85 * 0.95**2)
    unknown = read_labelling({**bare, "BackgroundSuppression": True}, "x", KINDS)[1]
    assert any("not corrected" in note for note in unknown)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"PostLabelingDelay": None}, "no PostLabelingDelay"),
        ({"LabelingDuration": None}, "no LabelingDuration"),
        ({"PostLabelingDelay": [1.8, 1.8, 1.8]}, "3 times for 4 volumes"),
        ({"PostLabelingDelay": 1800}, "below 20"),
        ({"LabelingDuration": "long"}, "must hold seconds"),
        ({"ArterialSpinLabelingType": "VSASL"}, "'VSASL'"),
        ({"ArterialSpinLabelingType": "PASL"}, "no BolusCutOffDelayTime"),
    ],
)
def test_timing_that_cannot_be_is_one_sentence(change, said):
    with pytest.raises(BadDataError, match=said):
        read_labelling({**PCASL, **change}, "sub-01_asl.nii.gz", KINDS)


def test_the_context_has_a_row_for_each_volume(tmp_path):
    path = tmp_path / "aslcontext.tsv"
    path.write_text("volume_type\ncontrol\nlabel\n")
    assert read_context(path, "x", 2) == ("control", "label")
    with pytest.raises(BadDataError, match="2 rows for 3 volumes"):
        read_context(path, "x", 3)
    with pytest.raises(BadDataError, match="no aslcontext"):
        read_context(None, "x", 3)
    path.write_text("volume_type\ncontrol\ntag\n")
    with pytest.raises(BadDataError, match="'tag'"):
        read_context(path, "x", 2)


def test_spatial_variation_is_spread_over_mean():
    cbf = np.array([[[40.0, 60.0, 500.0]]])
    assert spatial_variation(cbf, np.array([[[True, True, False]]])) == pytest.approx(0.2)
    assert spatial_variation(-cbf, np.ones((1, 1, 3), dtype=bool)) is None


def test_a_series_without_a_picture_of_the_head_is_refused(head):
    with pytest.raises(BadDataError, match="names no volume"):
        mean_shown([head], ["norf"])
