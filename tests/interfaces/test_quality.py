import numpy as np
import pytest

from bidsapp.images.volume import Volume
from bidsapp.interfaces.quality import declared, light, measure_image, quality_score

QUANTILES = (1.0, 5.0, 50.0, 95.0, 99.0)


@pytest.mark.parametrize(
    ("value", "worse", "expected"),
    [
        (50, "both", "green"),
        (3, "low", "amber"),
        (0, "low", "red"),
        (0, "high", "green"),
        (97, "high", "amber"),
        (100, "both", "red"),
        (100, "low", "green"),
    ],
)
def test_the_light_follows_the_cohort(value, worse, expected):
    assert light(value, QUANTILES, worse) == expected


def test_every_figure_is_declared_with_a_definition():
    assert all(figure["description"].endswith(".") for figure in declared()["figures"].values())
    assert {figure["worse"] for figure in declared()["figures"].values()} <= {"low", "high", "both"}


def test_a_modality_without_a_cohort_gets_no_light():
    score = quality_score("PDw", "snr", 12.0)
    assert (score.light, score.reference, score.value) == ("", None, 12.0)


def test_figures_of_a_head_of_known_tissue():
    rng = np.random.default_rng(0)
    shape, affine = (40, 40, 40), np.diag([2.0, 2.0, 2.0, 1.0])
    white = np.zeros(shape, dtype=np.float32)
    white[10:20, 10:30, 10:30] = 1
    grey = np.zeros(shape, dtype=np.float32)
    grey[20:30, 10:30, 10:30] = 1
    data = (100 * white + 60 * grey + rng.normal(0, 5, shape)).astype(np.float32)
    volumes = [
        Volume(part.astype(np.float32), affine)
        for part in (data, data, white + grey, grey, white, np.ones(shape))
    ]
    figures = measure_image(*volumes)
    assert figures["snr"] == pytest.approx(100 / 5, rel=0.05)
    assert figures["cnr"] == pytest.approx(40 / np.sqrt(50), rel=0.05)
    assert figures["inu"] == 0
    assert figures["brain_ml"] == pytest.approx(8000 * 8 / 1000)
    assert figures["gm_share"] == figures["wm_share"] == 0.5
