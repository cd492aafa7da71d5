import pytest

from bidsapp.findings import Column, Table
from bidsapp.reports.bands import LEFT, distance, place_in_band, read_regions

REFERENCE = (1.0, 2.0, 4.0)


@pytest.mark.parametrize(("value", "place"), [(1.0, LEFT), (2.0, 50.0), (4.0, 100 - LEFT), (3.0, 60.0)])
def test_quantiles_have_fixed_places(value, place) -> None:
    band = place_in_band(value, REFERENCE)
    assert band.place == place
    assert band.outside == 0


def test_values_beyond_the_band_are_told_and_those_beyond_the_plot_are_clipped() -> None:
    assert place_in_band(4.5, REFERENCE).outside == 1
    assert not place_in_band(4.5, REFERENCE).clipped
    far = place_in_band(-100.0, REFERENCE)
    assert (far.outside, far.clipped, far.place) == (-1, True, 2.0)


def test_a_reference_without_spread_still_places() -> None:
    assert distance(2.0, (2.0, 2.0, 2.0)) == 0
    assert place_in_band(2.1, (2.0, 2.0, 2.0)).outside == 1


def test_the_most_deviant_region_comes_first_and_gaps_are_left_out() -> None:
    columns = tuple(Column(name=name, description="") for name in ("region", "value", "q05", "q50", "q95"))
    rows = (("near", 2.0, *REFERENCE), ("gap", None, *REFERENCE), ("far_away", -1.0, *REFERENCE))
    regions = read_regions(Table(title="", suffix="dseg", columns=columns, rows=rows, display="regions"))
    assert [region.name for region in regions] == ["far away", "near"]
    assert read_regions(Table(title="", suffix="dseg", columns=columns[:2], rows=())) == ()


def test_a_family_wise_p_is_shown_where_the_table_has_one() -> None:
    columns = tuple(
        Column(name=name, description="") for name in ("region", "value", "q05", "q50", "q95", "p_fwe")
    )
    rows = (
        ("far below", 0.5, *REFERENCE, 1.0),
        ("gap", 9.0, *REFERENCE, None),
        ("low p", 5.0, *REFERENCE, 0.0086),
    )
    regions = read_regions(Table(title="", suffix="dseg", columns=columns, rows=rows, display="regions"))
    assert [(region.name, region.p) for region in regions] == [
        ("low p", "0.009"), ("gap", "n/a"), ("far below", "1.000"),
    ]  # fmt: skip
