from __future__ import annotations

import numpy as np
import pytest

from bidsapp.analyses.coma.features.amplitude import slow_amplitude
from bidsapp.analyses.coma.features.clinical import Clinical
from bidsapp.analyses.coma.features.connectivity import Connectivity
from bidsapp.analyses.coma.features.networks import Networks
from bidsapp.analyses.coma.features.regional import Regional
from bidsapp.analyses.coma.features.signals import fisher_z, shrunk_correlation, standardised
from bidsapp.analyses.coma.features.table import Table
from bidsapp.analyses.coma.patient import Patient, Series
from bidsapp.errors import BadDataError


def test_a_time_since_injury_is_logarithmic_and_an_unknown_category_is_a_gap():
    known = [
        Patient(subject="1", clinical={"days_since_injury": 9.0, "etiology": "anoxia"}),
        Patient(subject="2", clinical={"age": 40.0, "etiology": "trauma"}),
    ]
    clinical = Clinical().fit(known)
    assert clinical.names == ("age", "days_since_injury", "etiology=anoxia", "etiology=trauma")
    assert clinical.groups == ("age", "days_since_injury", "etiology", "etiology")
    new = Patient(subject="3", clinical={"etiology": "tumour", "days_since_injury": 0.0})
    np.testing.assert_allclose(
        clinical.values([*known, new, Patient(subject="4", clinical={"age": 1.0})]),
        [
            [np.nan, np.log(10), 1, 0],
            [40, np.nan, 0, 1],
            [np.nan, 0, np.nan, np.nan],
            [1, np.nan, np.nan, np.nan],
        ],
    )


def test_a_word_for_a_number_is_refused():
    clinical = Clinical().fit([Patient(subject="1", clinical={"age": 40.0})])
    with pytest.raises(BadDataError, match="sub-2: age is 'old'"):
        clinical.values([Patient(subject="2", clinical={"age": "old"})])


def test_regions_of_the_anomaly_map_are_kept_apart():
    patient = Patient(subject="1", regions={"FA": {"pons": 0.4}, "anomaly": {"pons": 0.1}})
    assert Regional().fit([patient]).names == ("FA:pons",)
    assert Regional(anomaly=True).fit([patient]).values([patient]).tolist() == [[0.1]]


def test_correlations_are_pearsons_for_a_long_series_and_nearer_to_zero_for_a_short_one(cohort):
    rng = np.random.default_rng(0)
    source = rng.standard_normal((20000, 1))
    values = source * [1, 1, 0] + rng.standard_normal((20000, 3))
    long, short = (_series(values[:frames]) for frames in (20000, 13))
    np.testing.assert_allclose(shrunk_correlation(long), np.corrcoef(values.T), atol=1e-3)
    assert abs(shrunk_correlation(short)[0, 1]) < abs(np.corrcoef(values[:13].T)[0, 1])
    assert np.linalg.eigvalsh(shrunk_correlation(_series(rng.standard_normal((12, 22))))).min() > 0


def test_tangent_space_is_that_of_nilearn(cohort):
    from nilearn.connectome import ConnectivityMeasure
    from sklearn.covariance import LedoitWolf

    there = [patient for patient in cohort[0] if patient.series][:8]
    signals = [standardised(patient.series["bold"]) for patient in there]
    measure = ConnectivityMeasure(
        cov_estimator=LedoitWolf(assume_centered=True, store_precision=False),
        kind="tangent",
        standardize=False,
    )
    lower = np.tril_indices(5, -1)
    expected = np.array([matrix[lower] for matrix in measure.fit(signals[:6]).transform(signals)])
    found = Connectivity("tangent").fit(there[:6]).values(there)
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_networks_are_means_of_their_pairs(cohort):
    patient = cohort[0][0]
    z = fisher_z(shrunk_correlation(patient.series["bold"]))
    networks = Networks().fit([patient])
    assert networks.names == ("DMN", "DMN~SN", "SN")
    expected = [z[0, 1], z[:2, 2:].mean(), (z[2, 3] + z[2, 4] + z[3, 4]) / 3]
    np.testing.assert_allclose(networks.values([patient])[0], expected)


def test_amplitude_of_a_slow_sine_is_told_in_uneven_frames():
    rng = np.random.default_rng(0)
    times = np.sort(rng.choice(np.arange(400), 200, replace=False)) * 2.0
    slow = np.sin(2 * np.pi * 0.04 * times)
    fast = np.sin(2 * np.pi * 0.2 * times)
    found = slow_amplitude(_series(np.stack([slow, 3 * slow, fast], axis=1), times))
    assert found[1] == pytest.approx(3 * found[0], rel=1e-5)
    assert found[0] > 1.5 * found[2]
    even = slow_amplitude(_series(np.sin(2 * np.pi * 0.04 * 2.0 * np.arange(100))[:, None]))
    # a sine of amplitude 1 over 8 whole periods is seen at one of the 15 frequencies
    assert even[0] == pytest.approx(1 / 15, abs=0.01)


def test_a_series_of_other_regions_or_too_few_frames_is_refused():
    rng = np.random.default_rng(0)
    known = Patient(subject="1", series={"bold": _series(rng.standard_normal((20, 3)))})
    other = Patient(subject="2", series={"bold": _series(rng.standard_normal((20, 4)))})
    short = Patient(subject="3", series={"bold": _series(rng.standard_normal((9, 3)))})
    fitted = Connectivity().fit([known])
    with pytest.raises(BadDataError, match="sub-2: the bold series has 4 regions"):
        fitted.values([other])
    with pytest.raises(BadDataError, match="sub-3: the bold series has 9 frames"):
        fitted.values([short])


def test_a_table_has_no_gaps_mean_0_and_unit_variance_for_each_set(cohort):
    patients, _ = cohort
    table = Table([Clinical(), Regional(), Networks()]).fit(patients)
    values = table.values(patients)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-12)
    assert values.var(axis=0).sum() == pytest.approx(3)
    assert {"missing months_since_injury", "missing FA", "missing bold-series"} <= set(table.names)
    empty = table.values([Patient(subject="x")])[0]
    assert empty[table.names.index("age")] == 0
    assert empty[table.names.index("missing FA")] > 0


def test_a_constant_column_stays_zero_for_a_patient_who_differs():
    known = [Patient(subject=str(i), clinical={"age": 40.0, "weight": float(i)}) for i in range(4)]
    table = Table([Clinical()]).fit(known)
    new = table.values([Patient(subject="x", clinical={"age": 90.0, "weight": 1.5})])
    assert new[0, table.names.index("age")] == 0


def _series(values: np.ndarray, times: np.ndarray | None = None) -> Series:
    frames, regions = values.shape
    return Series(
        regions=tuple(f"r{i}" for i in range(regions)),
        values=values.astype(np.float32),
        times=2.0 * np.arange(frames) if times is None else times,
        durations=np.full(frames, 2.0),
    )
