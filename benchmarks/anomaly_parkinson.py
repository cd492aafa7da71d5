"""Simulated early Parkinson's disease in healthy heads: abnormal voxels by region, and who is a patient.

    python benchmarks/anomaly_parkinson.py CONTROLS --bids-dir CONTROLS_RAW [--effects 0.02 0.04 0.08]

Thirty left-out heads get a simulated change of T1w in the substantia nigra and in caudate and putamen, both
on the same side and half as strong on the other; thirty other left-out heads stay as they are; the rest is
fitted. The effect is the loss of signal on the stronger side. The middle one, 4 % (3 % as the mean of both
sides), is near the loss of nigral contrast that Schwarz et al. 2011 (doi:10.1002/mds.23722) found on a
T1-weighted sequence sensitive to neuromelanin, which is no ordinary T1w; the same loss in the striatum, the
other effects and the sizes (6 and 16 mm, on each side) are choices. With effect 0 nothing is changed: what
the two groups differ by chance.

As in Munoz-Ramirez et al. 2021 a voxel is abnormal beyond the 98 % quantile of the controls' voxels (here the
left-out deviates of the fitted controls, all voxels together), and a person is a patient by the share of such
voxels in a region. AUC and g-mean have 95 % intervals by a bootstrap over people; the g-mean is at the 98 %
quantile of the thirty controls. Beside them stand the method's mean deviate of the region (less than expected
where it has a sign) and two plain numbers: the region's mean T1w, divided by that of white matter, and its
grey matter in standard space, both by loss. The simulation moves the tissue maps as a segmentation of the
darker T1w would be moved: what was white becomes grey, so grey matter can rise, an AUC below 0.5; no volume
is lost. Registration and tissue segmentation are not repeated.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from anomaly_fitting import add_options, draw_controls, fitted, table
from anomaly_methods import Family, Heads, Method, Volumes, read_heads

from bidsapp.analyses.anomaly.features import features_of
from bidsapp.analyses.anomaly.measure import BIN_WIDTH
from bidsapp.analyses.anomaly.space import Space
from bidsapp.cohort import Member
from bidsapp.files import write_json
from bidsapp.images.grids import resample
from bidsapp.images.templates import load_atlas
from bidsapp.learning.discrimination import Discrimination, discriminate
from bidsapp.simulate.abnormal import abnormal

Mask = NDArray[np.bool_]
Values = NDArray[np.float64]
STRUCTURES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "caudate": ("neuromorphometrics", ("Right_Caudate", "Left_Caudate")),
    "putamen": ("neuromorphometrics", ("Right_Putamen", "Left_Putamen")),
    "pallidum": ("neuromorphometrics", ("Right_Pallidum", "Left_Pallidum")),
    "thalamus": ("neuromorphometrics", ("Right_Thalamus_Proper", "Left_Thalamus_Proper")),
    "nigra": ("talairach_ba", ("Substania_Nigra",)),
}
SIZES_MM = {"nigral": 6.0, "striatal": 16.0}
QUANTILE = 0.98


@dataclass(frozen=True, eq=False)
class Row:
    """How well a number of a region tells the simulated patients from the controls."""

    method: str
    effect: float
    region: str
    patients: Sequence[float]
    controls: Sequence[float]
    found: Discrimination


def regions(space: Space) -> dict[str, Mask]:
    """Give the structures, and all of them together, on the grid; analysed voxels only."""
    atlases = {name: load_atlas(2, name=name) for name, _ in STRUCTURES.values()}
    masks = {}
    for structure, (name, wanted) in STRUCTURES.items():
        labels = resample(atlases[name].labels, space.grid, interpolation="nearest").data
        numbers = [region.index for region in atlases[name].regions if region.name in wanted]
        masks[structure] = np.isin(np.rint(labels), numbers) & space.mask
    return {**masks, "subcortex": np.logical_or.reduce(list(masks.values()))}


def parkinsonian(
    volumes: Volumes, space: Space, masks: Mapping[str, Mask], effect: float, seed: int
) -> Volumes:
    """Simulate a patient: nigra and striatum darker, more on one side; the seed draws side and outline."""
    if effect == 0:
        return volumes
    rng = np.random.default_rng(seed)
    right = bool(rng.integers(2))
    head = {key: space.scatter(values) for key, values in volumes.items()}
    edges = space.grid.voxel_size.tolist()
    places = {"nigral": masks["nigra"], "striatal": masks["caudate"] | masks["putamen"]}
    for kind, region in places.items():
        own_side = np.argwhere(region & _side(space, right=right))
        place = own_side[rng.integers(len(own_side))].tolist()
        head = abnormal(
            kind, head, size_mm=SIZES_MM[kind], strength=effect, voxel_size=edges, rng=rng, place=place,
            region=region,
        ).volumes  # fmt: skip
    return {key: space.gather(head[key]) for key in volumes}


def _side(space: Space, *, right: bool) -> Mask:
    x = space.grid.affine[0, 0] * np.arange(space.grid.shape[0]) + space.grid.affine[0, 3]
    return np.broadcast_to(((x > 0) == right)[:, None, None], space.grid.shape)


def voxel_limit(method: Method) -> float:
    """Give the 98 % quantile of the absolute deviates of the left-out fitted controls."""
    survival = method.trained.variants["adjusted"].reference.survival
    return BIN_WIDTH * float(np.argmax(survival <= 1 - QUANTILE))


def numbers(
    method: Method, limit: float, inside: Mapping[str, Mask], features: NDArray[np.float32], member: Member
) -> dict[str, dict[str, float]]:
    """Give the share of abnormal voxels of each region, and its mean deviate: below expected is more."""
    z = method.judge(features, member).z
    loss = -z if method.trained.variants["adjusted"].model.sign == "both" else z
    return {
        method.name: {region: float((np.abs(z[own]) > limit).mean()) for region, own in inside.items()},
        f"{method.name}, mean": {region: float(loss[own].mean()) for region, own in inside.items()},
    }


def plain(
    space: Space, inside: Mapping[str, Mask], name: str, volumes: Volumes
) -> dict[str, dict[str, float]]:
    """Give intensity and grey matter (ml) of each region, negative so that more is worse."""
    intensity = features_of(name, volumes, ("T1w",), space, 0.0)[:, 0]
    grey = volumes["GM"] > 0.5
    return {
        "mean intensity": {region: -float(intensity[within].mean()) for region, within in inside.items()},
        "grey matter": {
            region: -float(grey[within].sum()) * space.voxel_volume for region, within in inside.items()
        },
    }


def measure_all(
    heads: Heads,
    change: Callable[[Volumes, int], Volumes],
    read: Callable[[Member, str, Volumes], Mapping[str, Mapping[str, float]]],
) -> dict[str, dict[str, Values]]:
    """Give what ``read`` finds in each changed head: for each method and region one value a person."""
    found = [
        read(member, name, change(volumes, index))
        for index, (member, (name, volumes)) in enumerate(zip(heads.members, heads.named(), strict=True))
    ]
    return {
        method: {region: np.array([item[method][region] for item in found]) for region in own}
        for method, own in found[0].items()
    }


def reader(
    family: Family, inside: Mapping[str, Mask]
) -> Callable[[Member, str, Volumes], Mapping[str, Mapping[str, float]]]:
    """Give the function that measures a head by all methods of a family."""
    limits = {method.name: voxel_limit(method) for method in family.methods}

    def read(member: Member, name: str, volumes: Volumes) -> Mapping[str, Mapping[str, float]]:
        features = family.describe(name, volumes)
        found: dict[str, dict[str, float]] = {}
        for method in family.methods:
            found |= numbers(method, limits[method.name], inside, features, member)
        return found

    return read


def run(
    patients: Heads,
    controls: Heads,
    effects: Sequence[float],
    masks: Mapping[str, Mask],
    read: Callable[[Member, str, Volumes], Mapping[str, Mapping[str, float]]],
    seed: int,
) -> Iterator[Row]:
    """Measure the controls once and the simulated patients at each effect."""
    healthy = measure_all(controls, lambda volumes, _: volumes, read)
    for effect in (0.0, *effects):

        def change(volumes: Volumes, index: int, effect: float = effect) -> Volumes:
            return parkinsonian(volumes, patients.space, masks, effect, seed + index)

        for method, own in measure_all(patients, change, read).items():
            for region, values in own.items():
                others = healthy[method][region]
                found = discriminate(values, others, quantile=QUANTILE, resamples=2000, seed=seed)
                yield Row(method, effect, region, values.tolist(), others.tolist(), found)


def report(rows: Sequence[Row]) -> str:
    """Write a table for each effect and figure: methods by regions."""
    names = list(dict.fromkeys(row.region for row in rows))
    blocks = []
    for effect in dict.fromkeys(row.effect for row in rows):
        own = [row for row in rows if row.effect == effect]
        methods = list(dict.fromkeys(row.method for row in own))
        for figure in ("AUC", "g-mean"):
            lines = [
                [method, *(_cell(row, figure) for row in own if row.method == method)] for method in methods
            ]
            title = f"simulated effect {effect:.1%} of T1w: {figure} (95 % interval)"
            blocks.append(table(title, ["method", *names], lines))
        lines = [
            [method, *(_groups(row) for row in own if row.method == method)]
            for method in methods
        ]  # fmt: skip
        title = f"simulated effect {effect:.1%} of T1w: mean of simulated patients / controls"
        blocks.append(table(title, ["method", *names], lines))
    return "\n".join(blocks)


def _cell(row: Row, figure: str) -> str:
    estimate = row.found.auc if figure == "AUC" else row.found.gmean
    return f"{estimate.value:.2f} ({estimate.low:.2f}-{estimate.high:.2f})"


def _groups(row: Row) -> str:
    return f"{np.mean(row.patients):.3f} / {np.mean(row.controls):.3f}"


def main() -> None:
    """Fit the methods, measure both groups, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add_options(parser)
    parser.add_argument("--people", type=int, default=30, help="simulated patients, and left-out controls")
    parser.add_argument("--effects", type=float, nargs="*", default=[0.02, 0.04, 0.08])
    arguments = parser.parse_args()
    parts = draw_controls(arguments, arguments.people, arguments.people)
    training = read_heads(parts[2])
    patients, controls = (read_heads(part, space_of=parts[2]) for part in parts[:2])
    space, masks = training.space, regions(training.space)
    inside = {region: space.gather(mask) > 0.5 for region, mask in masks.items()}
    print(f"{len(parts[2])} controls fitted, {arguments.people} simulated patients and as many controls")
    print(", ".join(f"{region}: {within.sum()} voxels" for region, within in inside.items()))
    rows = list(
        run(patients, controls, arguments.effects, masks,
            lambda member, name, volumes: plain(space, inside, name, volumes), arguments.seed)
    )  # fmt: skip
    for family in fitted(arguments, training):
        rows += run(patients, controls, arguments.effects, masks, reader(family, inside), arguments.seed)
        if arguments.out:
            write_json(arguments.out, {"argv": sys.argv[1:], "rows": [asdict(row) for row in rows]})
    print(report(rows))


if __name__ == "__main__":
    main()
