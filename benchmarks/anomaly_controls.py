"""Held-out controls and implanted lesions: the anomaly map is calibrated, and how far it is from silent.

One command measures every number of docs/methods-anomaly.md:

    python benchmarks/anomaly_controls.py DERIVATIVES [--controls QUERY] [--folds 10] [--half tune|report]
        [--set key=value ...] [--out FILE.json]

Folds are by subject. A held-out control is judged by the model of the others, family-wise: the share without
any cluster is the specificity. Then lesions of known size and contrast (simulated) are implanted into the
held-out control's T1w in standard space (before scaling and smoothing; registration is not repeated) and the
same model looks again. Beside the recipe, in the same run on the same lesions: without the tail factor,
without age and sex, and both (plain z). The analysed voxels are those of all controls, held-out ones too.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bidsapp.analyses.anomaly import ANALYSIS
from bidsapp.analyses.anomaly.covariates import Design, usable_design
from bidsapp.analyses.anomaly.features import channels_of, common_space, features_of, read_volumes
from bidsapp.analyses.anomaly.judge import Judgement, judge_map
from bidsapp.analyses.anomaly.measure import Parcels
from bidsapp.analyses.anomaly.options import Options
from bidsapp.analyses.anomaly.parcels import on_space
from bidsapp.analyses.anomaly.quantities import Intensity
from bidsapp.analyses.anomaly.space import Space
from bidsapp.analyses.anomaly.store import Trained, Variant
from bidsapp.analyses.anomaly.train import fit_variant, one_session_each
from bidsapp.bids.cohort import read_cohort
from bidsapp.cohort import Cohort, Member
from bidsapp.files import write_json
from bidsapp.images.templates import load_atlas
from bidsapp.recipe import Recipe
from bidsapp.simulate.lesions import implant

SIZES_MM = (8.0, 12.0, 18.0)
CONTRASTS = (-0.15, -0.3)
TISSUES = {"white matter": "WM", "grey matter": "GM"}
PEERS: Mapping[str, Mapping[str, object]] = {
    "recipe": {},
    "without tail factor": {"tail_power": 0.0},
    "without age and sex": {"covariates": []},
    "plain z": {"tail_power": 0.0, "covariates": []},
}
Volumes = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Setting:
    """What all peers share: the controls, their volumes, and the analysed voxels."""

    members: Sequence[Member]
    volumes: Sequence[Volumes]
    channels: tuple[str, ...]
    space: Space
    parcels: Parcels


@dataclass(frozen=True, eq=False)
class Lesion:
    """A lesion of the plan: what it is, and the voxels it takes."""

    tissue: str
    size_mm: float
    contrast: float
    volumes: Volumes
    mask: NDArray[np.bool_]


def prepare(cohort: Cohort, options: Options) -> Setting:
    """Read everything once."""
    members = one_session_each(cohort)
    channels = channels_of(members, options)
    space = common_space(members, options)
    keys = (*channels, "GM", "WM", "CSF")
    volumes = [read_volumes(member, keys, space) for member in members]
    return Setting(members, volumes, channels, space, on_space(load_atlas(2, name=options.atlas), space))


def lesions(setting: Setting, subject: int, seed: int, per_subject: int) -> Iterator[Lesion]:
    """Implant lesions one at a time; over the subjects every kind comes equally often."""
    kinds = [(t, s, c) for t in TISSUES for s in SIZES_MM for c in CONTRASTS]
    rng = np.random.default_rng([seed, subject])
    for place in range(per_subject):
        tissue, size, contrast = kinds[(subject * per_subject + place) % len(kinds)]
        volumes = setting.volumes[subject]
        inside = (volumes[TISSUES[tissue]] > 0.7) & (volumes["mask"] > 0.5)
        image = setting.space.scatter(volumes["T1w"])
        where = setting.space.scatter(inside) > 0.5
        made = implant(
            image,
            where,
            size_mm=size,
            contrast=contrast,
            voxel_size=setting.space.grid.voxel_size.tolist(),
            rng=rng,
        )
        share = setting.space.gather(made.fraction) * abs(contrast) / 0.3
        key, turned = TISSUES[tissue], {"WM": "GM", "GM": "CSF"}[TISSUES[tissue]]
        moved = np.minimum(share, 1) * volumes[key]
        changed = {"T1w": setting.space.gather(made.volume), key: volumes[key] - moved}
        changed[turned] = volumes[turned] + moved
        yield Lesion(tissue, size, contrast, {**volumes, **changed}, made.mask)


def fold_trained(
    setting: Setting, features: NDArray[np.float32], training: list[int], options: Options
) -> Trained:
    """Fit the model on the controls of a fold."""
    members = [setting.members[index] for index in training]
    design = usable_design(members, options.covariates)[0] if options.covariates else Design()
    variant, _ = fit_variant(members, features[training], design, setting.space, setting.parcels, options)
    cohort = f"{len(members)} controls"
    seen = Intensity(setting.channels, setting.space, options.fwhm_mm)
    regions = setting.parcels.index
    return Trained(options, setting.channels, setting.space, {"adjusted": variant}, cohort, regions, seen)


def look(setting: Setting, trained: Trained, variant: Variant, member: Member, volumes: Volumes) -> Judgement:
    """Judge one scan, with or without a lesion."""
    features = features_of(member.name, volumes, setting.channels, setting.space, trained.options.fwhm_mm)
    row = variant.design.row(member)
    assert row is not None
    return judge_map(variant.model.z(features, row), trained, variant, setting.parcels)


def hits(judgement: Judgement, lesion: NDArray[np.bool_]) -> tuple[bool, bool]:
    """Tell whether a cluster at the family-wise level, and whether one of the first five, meets the lesion.

    It meets it when its peak lies in the lesion or it covers a tenth of it.
    """
    met = []
    for rank, item in enumerate(judgement.ranked):
        covered = lesion[tuple(item.cluster.voxels.T)].sum()
        if lesion[item.cluster.peak] or covered >= 0.1 * lesion.sum():
            met.append(rank)
    return any(rank < judgement.significant for rank in met), any(rank < 5 for rank in met)


def run_peer(
    setting: Setting,
    options: Options,
    folds: list[list[int]],
    judged: set[int],
    arguments: argparse.Namespace,
) -> dict[str, object]:
    """Cross-validate one recipe: clusters in healthy controls, lesions found."""
    features = np.stack([
        features_of(member.name, volumes, setting.channels, setting.space, options.fwhm_mm)
        for member, volumes in zip(setting.members, setting.volumes, strict=True)
    ])  # fmt: skip
    healthy: list[dict[str, object]] = []
    found: list[dict[str, object]] = []
    for test in folds:
        training = sorted(set(range(len(setting.members))) - set(test))
        trained = fold_trained(setting, features, training, options)
        variant = trained.variants["adjusted"]
        for index in sorted(set(test) & judged):
            member = setting.members[index]
            calm = look(setting, trained, variant, member, setting.volumes[index])
            healthy.append({
                "subject": member.name,
                "clusters": calm.significant,
                "p": calm.ranked[0].p if calm.ranked else 1.0,
                "warned": calm.globally_different,
            })  # fmt: skip
            for lesion in lesions(setting, index, arguments.seed, arguments.implants):
                seen = hits(look(setting, trained, variant, member, lesion.volumes), lesion.mask)
                chance = hits(calm, lesion.mask)
                kind = {"tissue": lesion.tissue, "size_mm": lesion.size_mm, "contrast": lesion.contrast}
                found.append({
                    "subject": member.name, **kind,
                    "found": seen[0], "top5": seen[1], "chance": chance[0], "chance_top5": chance[1],
                })  # fmt: skip
    return {"healthy": healthy, "lesions": found}


def interval(count: int, total: int) -> tuple[float, float]:
    """Give the exact 95 % interval of a share (Clopper and Pearson)."""
    result = stats.binomtest(count, total).proportion_ci(method="exact")
    return float(result.low), float(result.high)


def report(name: str, result: Mapping[str, object]) -> list[str]:
    """Write one peer's rows of the table."""
    healthy, found = result["healthy"], result["lesions"]
    assert isinstance(healthy, list)
    assert isinstance(found, list)
    quiet = sum(item["clusters"] == 0 for item in healthy)
    low, high = interval(quiet, len(healthy))
    mean = np.mean([item["clusters"] for item in healthy])
    strange = np.mean([item["warned"] for item in healthy])
    lines = [
        f"\n{name}: {quiet}/{len(healthy)} = {quiet / len(healthy):.1%} of held-out controls without a "
        f"cluster (95 % {low:.1%} to {high:.1%}); {mean:.2f} clusters per head; "
        f"{strange:.1%} warned of as a whole",
        f"{'tissue':14s}{'size mm':>8s}{'contrast':>9s}{'n':>5s}{'found':>8s}{'top 5':>8s}{'chance':>8s}",
    ]
    kinds = sorted({(item["tissue"], item["size_mm"], item["contrast"]) for item in found})
    for kind in [*kinds, None]:
        own = [i for i in found if kind is None or (i["tissue"], i["size_mm"], i["contrast"]) == kind]
        if own:
            label = f"{kind[0]:14s}{kind[1]:8g}{kind[2]:9g}" if kind else f"{'all':14s}{'':17s}"
            rates = [float(np.mean([item[key] for item in own])) for key in ("found", "top5", "chance")]
            lines.append(f"{label}{len(own):5d}" + "".join(f"{rate:8.0%}" for rate in rates))
    return lines


def main() -> None:
    """Run the benchmark and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("derivatives", type=Path)
    parser.add_argument("--controls")
    parser.add_argument("--bids-dir", type=Path)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--implants", type=int, default=4, help="lesions per held-out control")
    parser.add_argument("--half", choices=("tune", "report", "all"), default="all")
    parser.add_argument("--peers", nargs="*", default=list(PEERS))
    parser.add_argument("--set", nargs="*", default=[], help="recipe keys, values as JSON")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    start = time.process_time()
    recipe = Recipe.read("anomaly", ANALYSIS.recipe)
    given = {key: json.loads(value) for key, _, value in (item.partition("=") for item in arguments.set)}
    recipe = replace(recipe, values={**recipe.values, **given})
    cohort = read_cohort([arguments.derivatives], bids_dir=arguments.bids_dir, controls=arguments.controls)
    setting = prepare(cohort, Options.of(recipe))
    place = {member.subject: index for index, member in enumerate(setting.members)}
    split = Cohort(tuple(setting.members)).folds(arguments.folds, seed=arguments.seed)
    folds = [[place[member.subject] for member in test.members] for _, test in split]
    halves = {"tune": range(0, len(place), 2), "report": range(1, len(place), 2), "all": range(len(place))}
    judged = set(halves[arguments.half])
    results: dict[str, object] = {}
    for name in arguments.peers:
        options = Options.of(replace(recipe, values={**recipe.values, **PEERS[name]}))
        result = run_peer(setting, options, folds, judged, arguments)
        results[name] = result
        print("\n".join(report(name, result)), flush=True)
    print(
        f"\n{len(place)} controls, {setting.space.voxels} voxels, "
        f"{time.process_time() - start:.0f} CPU seconds"
    )
    if arguments.out:
        write_json(arguments.out, {"recipe": dict(recipe.values), "results": results, "argv": sys.argv[1:]})


if __name__ == "__main__":
    main()
