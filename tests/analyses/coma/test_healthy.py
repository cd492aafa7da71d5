"""Who looks like the cohort's healthy controls is refused; patients like the cohort's seldom are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bidsapp.analyses.coma.healthy import Guard, fit_guard
from bidsapp.analyses.coma.healthy_measured import Separation, measure_guard
from bidsapp.analyses.coma.healthy_parts import shared
from bidsapp.analyses.coma.patient import Patient
from bidsapp.errors import BadDataError
from bidsapp.learning.discrimination import Estimate

ALPHA = 0.05
FAR = 6.0


def people(number: int, seed: int, *, shift: float = 0.0, pet: float = 0.0, name: str = "p") -> list[Patient]:
    """Draw people with five regions of FA around a shift, and a share of them with an image of PET."""
    rng = np.random.default_rng(seed)
    drawn = []
    for place in range(number):
        images = {"FA": {f"r{i}": float(value) for i, value in enumerate(rng.normal(shift, 1, 5))}}
        if rng.random() < pet:
            images["pet"] = {f"r{i}": float(value) for i, value in enumerate(rng.normal(size=5))}
        drawn.append(Patient(subject=f"{name}{seed}x{place}", regions=images))
    return drawn


@pytest.fixture(scope="module")
def guard() -> Guard:
    return fit_guard(people(40, 1), people(15, 2, shift=FAR, name="c"), ["FA"], seed=0)


def refused(guard: Guard, judged: Sequence[Patient]) -> float:
    return float(np.mean([guard.refuses(person, ALPHA) for person in judged]))


def test_separable_controls_are_refused_at_the_least_p(guard: Guard) -> None:
    found = [guard.p(control) for control in people(20, 3, shift=FAR)]
    assert found == [pytest.approx(1 / 41)] * 20
    assert refused(guard, people(20, 3, shift=FAR)) == 1


def test_patients_like_the_cohorts_are_refused_at_the_stated_rate(guard: Guard) -> None:
    assert 0 < refused(guard, people(400, 4)) <= 2 * ALPHA


def test_the_p_counts_left_out_patients_who_look_as_healthy_to_the_model_without_them(guard: Guard) -> None:
    person = people(1, 5, shift=0.2)[0]
    count = 0
    for fold, healthy in zip(guard.fold, guard.left_out, strict=True):
        count += healthy >= guard.models[fold].predict([person])[0]
    assert guard.p(person) == pytest.approx((1 + count) / 41)
    assert 0 < count < 40


def test_with_few_patients_the_limit_is_the_least_p_there_is(guard: Guard) -> None:
    assert guard.limit(0.01) == pytest.approx(1 / 41)
    assert guard.limit(0.1) == 0.1


def test_neither_the_bedside_nor_the_anomaly_map_is_read(guard: Guard) -> None:
    person = people(1, 5, shift=1.0)[0]
    other = replace(
        person,
        clinical={"age": 99.0},
        regions={**person.regions, "anomaly": {"r0": 80.0}, "T1w": {"r0": 1.0}},
    )
    assert guard.p(other) == guard.p(person)
    assert guard.p(replace(person, regions={"anomaly": {"r0": 80.0}})) is None


def test_what_is_missing_tells_nothing() -> None:
    patients = people(30, 6, pet=0.8)
    controls = people(15, 7, pet=1.0, name="c")
    guard = fit_guard(patients, controls, shared(patients, controls), seed=0)
    assert guard.keys == ("FA", "pet")
    assert not any("missing" in name for model in guard.models for name in model.weights)
    assert shared(people(30, 6, pet=0.3), controls) == ("FA",)


def test_a_guard_comes_back_from_its_arrays(guard: Guard) -> None:
    restored = Guard.restore(guard.arrays())
    for person in people(5, 8, shift=1.0):
        assert restored.p(person) == guard.p(person)


def test_people_who_do_not_differ_leave_the_guard_off() -> None:
    sides = people(30, 11), people(15, 12, name="c")
    found = measure_guard(*sides, ["FA"], alpha=ALPHA, resamples=200, seed=0)
    assert not found.told
    assert found.auc.low < 0.5
    assert found.patients.value <= 0.2


def test_separable_people_are_measured_as_such_and_count_once_however_many_sessions() -> None:
    controls, more = people(10, 13, shift=FAR, name="c"), people(10, 14, shift=FAR)
    again = [
        replace(first, session="2", regions=own.regions) for first, own in zip(controls, more, strict=True)
    ]
    found = measure_guard(people(30, 15), [*controls, *again], ["FA"], alpha=ALPHA, resamples=100, seed=0)
    assert found.told
    assert found.auc == Estimate(1.0, 1.0, 1.0)
    assert found.controls.value == 1
    assert found.controls.low == pytest.approx(0.025 ** (1 / 10))  # Clopper and Pearson, 10 of 10
    assert found.patients.value <= 0.2


def test_an_auc_whose_interval_reaches_chance_does_not_count() -> None:
    share = Estimate(0.0, 0.0, 0.1)
    assert not Separation(Estimate(0.6, 0.5, 0.7), share, share).told
    assert Separation(Estimate(0.6, 0.51, 0.7), share, share).told


def test_groups_that_share_nothing_are_refused() -> None:
    controls = [replace(c, regions={"T1w": c.regions["FA"]}) for c in people(10, 16, name="c")]
    with pytest.raises(BadDataError, match="prepare both alike"):
        shared(people(20, 17), controls)


def test_a_patient_without_the_telling_image_is_not_judged() -> None:
    patients = [with_image(p, "pet", shift=-3.0, seed=n) for n, p in enumerate(people(40, 18))]
    without = [replace(p, regions={"FA": p.regions["FA"]}) for p in people(10, 19)]
    controls = [with_image(c, "pet", shift=0.0, seed=n) for n, c in enumerate(people(15, 20, name="c"))]
    keys = shared([*patients, *without], controls)
    guard = fit_guard([*patients, *without], controls, keys, seed=0)
    assert guard.keys == ("FA", "pet")
    assert guard.fold.size == guard.left_out.size == 40  # of those who have both
    assert refused(guard, without) == 0
    assert {guard.p(person) for person in without} == {None}
    assert refused(guard, controls) == 1


def with_image(person: Patient, key: str, *, shift: float, seed: int) -> Patient:
    drawn = np.random.default_rng([99, seed]).normal(shift, 1, 5)
    return replace(person, regions={**person.regions, key: {f"r{i}": float(v) for i, v in enumerate(drawn)}})


def test_what_is_read_many_have_together() -> None:
    """Half have pet and the other half T1w: nobody would be left who has all three."""
    patients = [with_image(p, ("pet", "T1w")[n % 2], shift=0, seed=n) for n, p in enumerate(people(30, 21))]
    controls = [with_image(c, "pet", shift=0, seed=n) for n, c in enumerate(people(12, 22, name="c"))]
    both = [with_image(c, "T1w", shift=0, seed=n) for n, c in enumerate(controls)]
    assert shared(patients, both) == ("FA", "T1w")
    assert shared(patients, controls) == ("FA", "pet")
    assert shared(patients[:18], controls) == ("FA",)  # nine patients have pet, too
    with pytest.raises(BadDataError, match="10 people or more of either"):
        shared(patients[:9], controls)


def test_a_fold_with_fewer_who_have_an_image_changes_nothing_of_what_is_read() -> None:
    """Ten of twenty patients have pet: judged anew in a fold, too few would be left of it."""
    patients = people(20, 23)
    patients[:10] = [with_image(p, "pet", shift=-3.0, seed=n) for n, p in enumerate(patients[:10])]
    only_pet = [replace(p, regions={"pet": p.regions["pet"]} if "pet" in p.regions else {}) for p in patients]
    controls = [
        replace(with_image(c, "pet", shift=3.0, seed=n), subject=f"c{n}")
        for n, c in enumerate(people(10, 24))
    ]
    keys = shared(only_pet, controls)
    assert keys == ("pet",)
    found = measure_guard(only_pet, controls, keys, alpha=ALPHA, resamples=100, seed=0)
    assert found.auc.value == 1
