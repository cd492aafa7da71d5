"""Which contrasts matter in one session: every subset is read, and exact Shapley values share the result out.

No truth is needed: a subset is worth as much as it agrees with all contrasts together. That tells what the
network makes of each contrast, not how right it is; accuracy is measured in ``benchmarks/``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.ms.channels import CONTRASTS
from bidsapp.analyses.ms.grid import WORK_MM
from bidsapp.analyses.ms.inference import infer, probability
from bidsapp.analyses.ms.instances import Mask, find_instances
from bidsapp.analyses.ms.networks import Trained
from bidsapp.analyses.ms.reading import Reading
from bidsapp.explain.shapley import Game, Subset, cost_of_missing, shapley_values, subsets
from bidsapp.findings import Cell, Column, Table
from bidsapp.learning.lesion_agreement.protocols import shifts
from bidsapp.learning.lesion_agreement.voxelwise import dice

Array = NDArray[np.float32]

OVERLAP = 0.25
"""Of windows: half of the usual, for up to 15 readings; both sides of a comparison are read alike."""

VOXEL_MM3 = WORK_MM**3
MEASURES = {
    "dice": "Dice overlap with the lesions of all contrasts",
    "lesion_f1": "lesion F1 (Shifts) against the lesions of all contrasts",
    "activity": "mean probability of activity in the lesions of all contrasts",
}
"""What a subset of contrasts is worth, by measure; agreement, not accuracy. Without any contrast it is 0."""

Games = Mapping[str, Game]
"""The value of each subset of contrasts, by measure of `MEASURES`."""

Look = Callable[[Subset], tuple[Mask, Array | None]]
"""From the contrasts that show to lesion mask and probability of activity, both of shape ``(x, y, z)``."""


def read_subsets(reading: Reading, trained: Trained, device: str) -> Games | None:
    """Read a session with every subset of its contrasts, by the first network and without the earlier scan.

    Activity is left out where the bundle does not tell it, or reads it from the synthesised T1w, which most
    subsets do not give.

    Returns
    -------
    Games or None
        ``None`` where all contrasts together show no lesion.
    """
    images = {name: reading.images[name] for name in CONTRASTS if name in reading.images}
    brain = reading.space.mask.data >= 0.5
    told = trained.activity and trained.active_from == "head"

    def look(shown: Subset) -> tuple[Mask, Array | None]:
        output = infer(
            trained.networks[0],
            images,
            brain,
            used=shown,
            window=trained.window,
            device=device,
            overlap=OVERLAP,
            prior=trained.prior,
        )
        lesion = trained.scaling.probability(output.lesion) >= trained.threshold
        return find_instances(lesion, VOXEL_MM3) > 0, probability(output.active) if told else None

    return play(images, look)


def play(contrasts: Collection[str], look: Look) -> Games | None:
    """Give each subset of the contrasts its values; ``None`` where all together show no lesion."""
    everything = frozenset(contrasts)
    lesions, active = look(everything)
    if not lesions.any():
        return None
    values = {everything: _values(lesions, lesions, active)}
    values[frozenset()] = dict.fromkeys(values[everything], 0.0)
    for shown in subsets(contrasts):
        if shown not in values:
            values[shown] = _values(lesions, *look(shown))
    return {measure: {shown: own[measure] for shown, own in values.items()} for measure in values[everything]}


def _values(lesions: Mask, found: Mask, active: Array | None) -> dict[str, float]:
    values = {"dice": dice(lesions, found), "lesion_f1": shifts(lesions, found, voxel_mm3=VOXEL_MM3).f1}
    return values if active is None else {**values, "activity": float(active[lesions].mean())}


def contrast_table(games: Games) -> Table:
    """List the contrasts: Shapley value, and what is lost without it, by measure."""
    columns = [Column(name="contrast", description="The contrast")]
    cells: dict[str, list[Cell]] = {name: [name] for name in shapley_values(games["dice"])}
    for measure, game in games.items():
        said = MEASURES[measure]
        columns += [
            Column(
                name=f"{measure}_shapley",
                description=f"Shapley value for {said}: the mean of what the contrast adds to the others, "
                "over all orders in which they could come; the column adds up to the value of all contrasts",
            ),
            Column(
                name=f"{measure}_lost",
                description=f"By how much the {said} falls when this contrast alone is missing",
            ),
        ]
        values, costs = shapley_values(game), cost_of_missing(game)
        for name, row in cells.items():
            row += [round(values[name], 3), round(costs[name], 3)]
    return Table(
        title="What each contrast is worth to the network (agreement with all contrasts, not accuracy)",
        suffix="stats",
        entities={"desc": "contrasts"},
        columns=tuple(columns),
        rows=tuple(tuple(row) for row in cells.values()),
    )


def subset_table(games: Games) -> Table:
    """List the subsets of contrasts with their values, single contrasts first."""
    return Table(
        title="What the network finds with fewer contrasts (agreement with all contrasts, not accuracy)",
        suffix="stats",
        entities={"desc": "subsets"},
        columns=(
            Column(name="contrasts", description="Contrasts that the network was shown"),
            *(Column(name=name, description=f"The {MEASURES[name]}") for name in games),
        ),
        rows=tuple(
            ("+".join(sorted(subset)), *(round(game[subset], 3) for game in games.values()))
            for subset in subsets(shapley_values(games["dice"]))
            if subset
        ),
    )
