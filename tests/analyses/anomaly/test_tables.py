"""Tables of a head with a dark lesion in the right white matter; see conftest.py."""

import numpy as np
import pytest

from bidsapp.analyses.anomaly.asymmetry import pairs_of
from bidsapp.analyses.anomaly.lobes import members_of, read_lobes
from bidsapp.analyses.anomaly.measure import Parcels
from bidsapp.analyses.anomaly.parcels import readable
from bidsapp.analyses.anomaly.store import read_trained
from bidsapp.images.clusters import Cluster
from bidsapp.images.templates import load_atlas


@pytest.fixture(scope="module")
def tables(predict, make_member):
    found = predict(make_member("tables", 100, lesion=0.35))
    return [
        [dict(zip([column.name for column in table.columns], row, strict=True)) for row in table.rows]
        for table in found.tables
    ]


def named(rows, name):
    return next(row for row in rows if row["name"] == name)


def test_the_lesion_is_rare_among_the_clusters_of_healthy_heads(tables):
    top, *others = tables[0]
    assert top["p_fdr"] <= 0.05
    assert top["per_healthy_head"] < 0.1
    assert all(row["per_healthy_head"] >= top["per_healthy_head"] for row in others)
    assert top["p_fwe"] <= 0.05
    assert 0 < top["p_fwe_size"] <= 1


def test_with_rising_deviation_a_cluster_is_less_often_seen_in_the_healthy(tables):
    by_rate = sorted(tables[0], key=lambda row: row["per_healthy_head"])
    assert [row["p_fdr"] for row in by_rate] == sorted(row["p_fdr"] for row in by_rate)


def test_the_more_is_corrected_the_larger_is_p(tables):
    for row in tables[1]:
        assert row["p"] <= row["p_fdr"] <= 1
        assert row["p"] <= row["p_fwe"] <= 1


def test_the_lesion_makes_the_white_matter_asymmetric_darker_on_the_right(tables):
    row = named(tables[3], "Cerebral White Matter")
    assert row["value"] < row["q05"]
    assert row["share"] > row["share_q95"]
    assert row["p"] <= 0.1
    assert min(each["p"] for each in tables[3]) >= 2 / 33 - 1e-4  # two-sided, 32 controls


def test_a_part_of_one_region_has_the_values_of_that_region(tables):
    part, region = named(tables[2], "Thalamus (left)"), named(tables[1], "Thalamus Proper (left)")
    for key in ("voxels", "value", "q05", "q50", "q95", "p"):
        assert part[key] == region[key]


def test_a_part_of_several_regions_is_weighted_by_their_voxels(tables):
    regions = [
        named(tables[1], f"{name} (right)") for name in ("AIns anterior insula", "PIns posterior insula")
    ]
    voxels = [row["voxels"] for row in regions]
    part = named(tables[2], "Insula (right)")
    assert part["voxels"] == sum(voxels)
    assert part["value"] == pytest.approx(
        np.average([row["value"] for row in regions], weights=voxels), abs=0.02
    )


@pytest.mark.parametrize("atlas", list(read_lobes()))
def test_the_declared_parts_name_regions_of_the_atlas_and_each_once(atlas):
    regions = load_atlas(2, name=atlas).regions
    parcels = Parcels(
        owner=np.arange(len(regions)),
        index=tuple(region.index for region in regions),
        names=tuple(readable(region.name) for region in regions),
        sides=tuple(region.side for region in regions),
    )
    for side in ("left", "right"):
        found = [
            members_of((name,), side, parcels) for names in read_lobes()[atlas].values() for name in names
        ]
        assert all(len(places) == 1 for places in found)
        assert len({place for places in found for place in places}) == len(found)


def test_sides_are_paired_by_name():
    parcels = Parcels(
        np.arange(4), (7, 8, 9, 10), ("Stem", "Caudate", "Caudate", "Pole"), ("none", "right", "left", "left")
    )
    assert pairs_of(parcels) == {"Caudate": (2, 1)}


def test_a_wide_faint_cluster_is_rare_by_its_size_alone(bundle):
    reference = read_trained(bundle).variants["adjusted"].reference
    assert reference.largest.shape == (32, 2)
    wide = Cluster(np.zeros((10**5, 3), dtype=np.intp), (0, 0, 0), -3.01, -3.0, 0.1)
    assert reference.family_wise_p_of_size(wide) == 1 / 33
    assert reference.family_wise_p(wide) > 0.5


def test_the_uncorrected_p_of_a_cluster_counts_the_controls_clusters(bundle):
    reference = read_trained(bundle).variants["adjusted"].reference
    heavy = Cluster(np.zeros((1, 3), dtype=np.intp), (0, 0, 0), -9.0, -9.0, 1e6)
    assert reference.cluster_p([heavy]) == pytest.approx(1 / (1 + reference.clusters.size))
