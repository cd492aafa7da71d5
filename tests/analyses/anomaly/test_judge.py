from types import SimpleNamespace
from typing import cast

import numpy as np

from bidsapp.analyses.anomaly.judge import rank
from bidsapp.analyses.anomaly.measure import Measures
from bidsapp.analyses.anomaly.reference import Reference
from bidsapp.analyses.anomaly.store import Variant
from bidsapp.images.clusters import Cluster

NOTHING = np.zeros((39, 1))


def cluster(place: int, mass: float) -> Cluster:
    return Cluster(np.array([[place, 0, 0]]), (place, 0, 0), 4.0, 4.0, mass)


def reference(largest: float) -> Reference:
    spread = np.zeros(39)
    return Reference(
        np.full((39, 2), largest), spread, spread, NOTHING, NOTHING, np.zeros(600, np.int64), np.zeros(1)
    )


def test_of_a_strange_scan_all_clusters_at_the_level_are_counted():
    measures = cast("Measures", SimpleNamespace(clusters=[cluster(i, 900.0 - i) for i in range(300)]))
    variant = cast("Variant", SimpleNamespace(reference=reference(largest=600.5)))
    assert len(rank(measures, variant, 0.05, 10)) == 300


def test_without_any_at_the_level_the_largest_are_listed():
    measures = cast("Measures", SimpleNamespace(clusters=[cluster(i, 30.0 - i) for i in range(20)]))
    variant = cast("Variant", SimpleNamespace(reference=reference(largest=600.5)))
    assert [item.cluster.mass for item in rank(measures, variant, 0.05, 3)] == [30.0, 29.0, 28.0]
