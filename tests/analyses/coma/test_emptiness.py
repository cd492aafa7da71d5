"""Empty images, constant signals and white noise are told from those of a brain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bidsapp.analyses.coma import ANALYSIS
from bidsapp.analyses.coma.doubt import describe_cohort, limit_of
from bidsapp.analyses.coma.emptiness import is_white, nothing_in
from bidsapp.analyses.coma.features.signs import Signs, autocorrelation, likeness
from bidsapp.analyses.coma.features.table import Table
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.patient import Patient, Series
from bidsapp.analyses.coma.trained import read_trained
from bidsapp.bundle import Bundle
from bidsapp.learning.confidence.reference import fit_reference, judge
from bidsapp.recipe import Recipe

from .conftest import slow_noise

REGIONS = tuple("abcdefgh")


def _series(values: np.ndarray) -> Series:
    times = 2.0 * np.arange(len(values))
    return Series(
        regions=REGIONS, values=values.astype(np.float32), times=times, durations=np.full(len(values), 2.0)
    )


def _patient(values: np.ndarray) -> Patient:
    return Patient(subject="x", series={"bold": _series(values)})


def test_slow_signals_pass_and_white_noise_does_not() -> None:
    rng = np.random.default_rng(0)
    slow = _patient(slow_noise(rng, 120, 8))
    assert autocorrelation(slow.series["bold"]) == pytest.approx(0.6, abs=0.1)
    assert nothing_in(slow) == ""
    white = [is_white(_series(rng.normal(size=(120, 8)))) for _ in range(100)]
    assert all(white)
    assert "cannot be told from white noise" in nothing_in(_patient(rng.normal(size=(120, 8))))


def test_most_regions_constant_is_nothing_and_one_is_not() -> None:
    values = slow_noise(np.random.default_rng(1), 120, 8)
    values[:, 0] = 3.0
    assert nothing_in(_patient(values)) == ""
    values[:, :5] = 3.0
    assert "most of the bold signals are constant" in nothing_in(_patient(values))


def test_an_image_of_one_value_is_nothing() -> None:
    regions = {"FLAIR": {"a": 0.0, "b": 0.0, "c": 0.0}}
    assert "all regions of the FLAIR image have the same value (0)" in nothing_in(
        Patient(subject="x", regions=regions)
    )
    regions["FLAIR"]["b"] = 0.1
    assert nothing_in(Patient(subject="x", regions=regions)) == ""


def test_likeness_is_fishers_z() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(2, 30))
    assert likeness(first, second) == pytest.approx(np.arctanh(np.corrcoef(first, second)[0, 1]))
    first[3] = np.nan
    kept = np.arange(30) != 3
    assert likeness(first, second) == pytest.approx(np.arctanh(np.corrcoef(first[kept], second[kept])[0, 1]))
    assert np.isnan(likeness(np.zeros(30), second))


def _with_images(rng: np.random.Generator, t1w: np.ndarray, flair: np.ndarray) -> Patient:
    images = {
        key: dict(zip(REGIONS, profile + 0.2 * rng.normal(size=8), strict=True))
        for key, profile in (("T1w", t1w), ("FLAIR", flair))
    }
    return Patient(subject="x", regions=images)


def test_one_modality_in_the_place_of_another_is_outside() -> None:
    rng = np.random.default_rng(3)
    t1w, flair = rng.normal(size=(2, 8))
    table = Table([Signs()])
    cohort = [_with_images(rng, t1w, flair) for _ in range(50)]
    values = table.fit(cohort).values(cohort)
    assert table.names == tuple(
        f"{key} {sign}" for key in ("FLAIR", "T1w") for sign in ("level", "spread", "likeness")
    )
    reference = fit_reference(values, table.names, [str(n) for n in range(50)], limit=0.02)
    own = [_with_images(rng, t1w, flair) for _ in range(20)]
    swapped = [replace(p, regions={**p.regions, "FLAIR": p.regions["T1w"]}) for p in own]
    outside = [judge(reference, row, limit=0.02).outside for row in table.values(swapped)]
    assert all(outside)
    assert sum(judge(reference, row, limit=0.02).outside for row in table.values(own)) <= 3


def test_signs_come_back_from_their_arrays() -> None:
    rng = np.random.default_rng(4)
    images = [{"FA": {"a": rng.random(), "b": 1.0, "c": 2.0}} for _ in range(12)]
    cohort = [replace(_patient(slow_noise(rng, 60, 8)), regions=own) for own in images]
    signs = Signs().fit(cohort)
    again = Signs().restore(signs.arrays())
    assert again.names == signs.names
    assert np.array_equal(again.values(cohort), signs.values(cohort), equal_nan=True)
    assert np.isnan(signs.values([Patient(subject="none")])).all()


def test_in_a_bundle_that_does_not_tell_subjects_each_row_is_one() -> None:
    reference = read_trained(Bundle.read(ANALYSIS.bundle.parent / "stroke-nihss")).doubt.reference
    assert reference is not None
    assert reference.subjects == len(reference.standard)
    assert reference.subjects > 500


def test_sessions_of_a_subject_make_the_reference_no_larger() -> None:
    rng, options = np.random.default_rng(11), Options.of(Recipe.read("coma", ANALYSIS.recipe))
    means = rng.normal(size=(12, 8))
    cohort = [replace(_with_images(rng, own, own), subject=str(n)) for n, own in enumerate(means)] * 2
    _, reference = describe_cohort(cohort, options)
    assert reference is not None
    assert (reference.subjects, len(reference.standard)) == (12, 24)
    assert limit_of(reference, options) == 1 / 13
