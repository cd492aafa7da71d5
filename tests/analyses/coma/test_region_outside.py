"""A region outside the image has no signal: nothing that is not a finite number comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import pytest

from bidsapp.analyses.coma.features.amplitude import Amplitude
from bidsapp.analyses.coma.features.connectivity import Connectivity
from bidsapp.analyses.coma.features.networks import Networks
from bidsapp.analyses.coma.features.protocol import Features
from bidsapp.analyses.coma.features.signals import shrunk_correlation
from bidsapp.analyses.coma.features.signs import Signs
from bidsapp.analyses.coma.features.table import Table
from bidsapp.analyses.coma.models.encoded import Encoding
from bidsapp.analyses.coma.models.protocol import predict_one
from bidsapp.analyses.coma.models.registry import models_with
from bidsapp.analyses.coma.models.scales import SeriesScale
from bidsapp.analyses.coma.models.settings import Learning
from bidsapp.analyses.coma.patient import Patient, Series
from bidsapp.errors import BadDataError

from .conftest import make_series

OUTSIDE = 3


def without_region(series: Series, region: int = OUTSIDE) -> Series:
    values = series.values.copy()
    values[:, region] = np.nan
    return replace(series, values=values)


@pytest.fixture
def patients() -> list[Patient]:
    """Twelve patients with signals; the first one's lack a region."""
    rng = np.random.default_rng(3)
    whole = [make_series(rng, 40, coupling=0.5) for _ in range(12)]
    return [
        Patient(subject=str(number), series={"bold": without_region(own) if number == 0 else own})
        for number, own in enumerate(whole)
    ]


@pytest.mark.parametrize("relative", [True, False])
def test_the_scale_of_a_region_is_that_of_the_patients_who_have_it(
    patients: list[Patient], relative: bool
) -> None:
    series = [patient.series["bold"] for patient in patients]
    scale = SeriesScale.of(series, relative=relative)
    rest = SeriesScale.of(series[1:], relative=relative)
    assert scale.mean[OUTSIDE] == pytest.approx(rest.mean[OUTSIDE], abs=1e-12)
    assert scale.spread[OUTSIDE] == pytest.approx(rest.spread[OUTSIDE], abs=1e-12)
    found = scale(series[0])
    assert not found[:, OUTSIDE].any()
    assert np.isfinite(found).all()
    nobody = SeriesScale.of(series[:1], relative=relative)
    assert (nobody.mean[OUTSIDE], nobody.spread[OUTSIDE]) == (0, 1)


@pytest.mark.parametrize(
    "make",
    [Connectivity, lambda: Connectivity("tangent"), Amplitude, Networks, Signs],
    ids=["correlation", "tangent", "amplitude", "networks", "signs"],
)
def test_no_feature_table_has_a_gap(patients: list[Patient], make: Callable[[], Features]) -> None:
    assert np.isfinite(Table([make()]).fit(patients).values(patients)).all()


def test_signs_of_signals_that_are_constant_where_they_are_not_missing_are_unknown() -> None:
    series = make_series(np.random.default_rng(0), 20)
    flat = without_region(replace(series, values=np.ones_like(series.values)))
    known = Patient(subject="1", series={"bold": series})
    signs = Signs().fit([known]).values([Patient(subject="2", series={"bold": flat})])
    assert np.isnan(signs[0, :3]).all()
    np.testing.assert_array_equal(shrunk_correlation(flat), np.eye(len(flat.regions)))


def test_a_network_learns_from_and_predicts_a_patient_without_a_region(patients: list[Patient]) -> None:
    learning = Learning(epochs=1)
    network = models_with(learning)["fusion"]().fit(patients, np.arange(12.0))
    assert np.isfinite(network.predict(patients)).all()
    assert np.isfinite(Encoding.of(patients, 1)(patients)["series"]["bold"]["values"].numpy()).all()


class Lost:
    """Predicts no number."""

    name = title = "lost"

    def fit(self, patients: Sequence[Patient], target: np.ndarray) -> Self:
        return self

    def predict(self, patients: Sequence[Patient]) -> np.ndarray:
        return np.full(len(patients), np.nan)

    def arrays(self) -> dict[str, np.ndarray]:
        return {}

    def restore(self, arrays: object) -> Self:
        return self


def test_what_is_no_number_never_leaves_as_a_score() -> None:
    with pytest.raises(BadDataError, match="sub-7: the model 'lost' gives nan; look for values"):
        predict_one(Lost(), Patient(subject="7"))
