import pytest

from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.reports.learning_curves import read_curve


def write_bundle(output_dir, name, curve, **more):
    metadata = {
        "name": name, "analysis": "anomaly", "version": "1", "modalities": ["T1w"], "learning_curve": curve,
        "changelog": {}, "data_source": [], "data_type": "NIfTI", "monai_version": "1", "numpy_version": "2",
        "task": "t", "description": "d",
        "authors": "a", "copyright": "c", "intended_use": "Research use only", **more,
    }  # fmt: skip
    return Bundle.write(output_dir / "bundles" / name, metadata=metadata, tensors={}, card="", licence="")


def test_a_falling_loss_is_a_line_from_the_upper_left_to_the_lower_right(tmp_path):
    curve = read_curve(write_bundle(tmp_path, "anomaly", [[20, 1.0], [40, 0.1], [60, 0.01]]))
    points = [tuple(map(float, point.split(","))) for point in curve.points.split()]
    assert points == [(0.0, 4.0), (160.0, 44.0), (320.0, 84.0)]
    assert (curve.first, curve.last, curve.steps) == ("1", "0.0100", 60)
    assert curve.name == "anomaly"


def test_a_loss_below_zero_is_drawn_as_it_is(tmp_path):
    curve = read_curve(write_bundle(tmp_path, "gan", [[20, -1.0], [40, 1.0]]))
    assert curve.points == "0.0,84.0 320.0,4.0"


def test_a_bundle_that_learned_nothing_by_steps_has_no_curve(tmp_path):
    assert read_curve(write_bundle(tmp_path, "plain", [])) is None


@pytest.mark.parametrize("point", [[40], 40, [40, "low"]])
def test_a_damaged_curve_is_named_with_its_bundle(tmp_path, point):
    bundle = write_bundle(tmp_path, "siamese", [[20, 1.0], point])
    with pytest.raises(BadDataError, match="its learning curve is damaged") as caught:
        read_curve(bundle)
    assert str(bundle.path) in str(caught.value)
    assert str(caught.value).endswith("again.")
