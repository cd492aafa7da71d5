"""Left against right: the subject is its own control, so that what all of its brain shares falls away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.anomaly.judge import Judgement, quantiles
from bidsapp.analyses.anomaly.measure import Parcels
from bidsapp.analyses.anomaly.store import Trained
from bidsapp.findings import Cell, Column, Table
from bidsapp.oneclass.conformal import two_sided_p

Values = NDArray[np.float64]
_P = "Share of controls with as large a difference to either side, not corrected for the regions"
_COLUMNS = (
    Column(name="index", description="Label of the right region in the atlas"),
    Column(name="name", description="Name of the region"),
    Column(name="region", description="Name of the region, as plotted"),
    Column(
        name="value", description="Mean deviate of the right region less that of the left, robust z score"
    ),
    Column(name="q05", description="5 % quantile of value in the left-out controls"),
    Column(name="q50", description="Median of value in the left-out controls"),
    Column(name="q95", description="95 % quantile of value in the left-out controls"),
    Column(name="p", description=_P),
    Column(name="share", description="Share of abnormal voxels, right less left", unit="%"),
    Column(name="share_q05", description="5 % quantile of share in the left-out controls", unit="%"),
    Column(name="share_q50", description="Median of share in the left-out controls", unit="%"),
    Column(name="share_q95", description="95 % quantile of share in the left-out controls", unit="%"),
    Column(name="share_p", description=_P),
)


def asymmetry_table(judgement: Judgement, trained: Trained, parcels: Parcels) -> Table:
    """List the regions that there are on both sides with the difference between them."""
    reference, measures = judgement.variant.reference, judgement.measures
    rows: list[tuple[Cell, ...]] = []
    for name, (left, right) in pairs_of(parcels).items():
        sides = [right, left]
        rows.append((
            parcels.index[right], name, name,
            *_against(measures.region_mean[sides], reference.region_mean[:, sides]),
            *_against(100 * measures.region_share[sides], 100 * reference.region_share[:, sides]),
        ))  # fmt: skip
    return Table(
        title="Asymmetry: mean deviate of the right region less that of the left",
        suffix="dseg",
        entities={"seg": trained.options.atlas, "desc": "asymmetry"},
        columns=_COLUMNS,
        rows=tuple(rows),
        display="regions",
    )


def pairs_of(parcels: Parcels) -> dict[str, tuple[int, int]]:
    """Give the places of the left and the right region of each name that both sides have."""
    place = {key: where for where, key in enumerate(zip(parcels.names, parcels.sides, strict=True))}
    return {
        name: (where, place[name, "right"])
        for (name, side), where in place.items()
        if side == "left" and (name, "right") in place
    }


def _against(own: Values, controls: Values) -> tuple[float, ...]:
    """Give right less left (last axis), the controls' quantiles of it, and its p to either side."""
    value, among = float(own[0] - own[1]), controls[:, 0] - controls[:, 1]
    return (
        round(value, 3),
        *(round(item, 3) for item in quantiles(among)),
        round(two_sided_p(among, value), 4),
    )
