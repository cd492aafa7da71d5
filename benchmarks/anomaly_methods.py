"""The methods that the anomaly benchmarks compare: representations and scores beside plain statistics.

All share the controls, the analysed voxels and the judgement; they differ in what is compared at a voxel, and
in how a score becomes a deviate: one-class machines are read on the pooled left-out scores (see
:mod:`bidsapp.oneclass.calibrated`), all else goes through the normative model, with covariates and tail
factor but for plain z and plain intensity.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.anomaly import ANALYSIS
from bidsapp.analyses.anomaly.covariates import Design, usable_design
from bidsapp.analyses.anomaly.features import common_space, read_volumes
from bidsapp.analyses.anomaly.judge import Judgement, judge_map
from bidsapp.analyses.anomaly.learn import checkpoint_name, learn
from bidsapp.analyses.anomaly.measure import Measures, Parcels, measure
from bidsapp.analyses.anomaly.options import Options
from bidsapp.analyses.anomaly.parcels import on_space
from bidsapp.analyses.anomaly.quantities import Intensity, LearnedFeatures, Strangeness
from bidsapp.analyses.anomaly.reference import Reference
from bidsapp.analyses.anomaly.space import Space
from bidsapp.analyses.anomaly.store import Trained, Variant
from bidsapp.analyses.anomaly.train import fit_variant
from bidsapp.cohort import Member
from bidsapp.images.templates import load_atlas
from bidsapp.oneclass.gaussian import Gaussian
from bidsapp.oneclass.machines import MACHINES, fit_machine
from bidsapp.oneclass.normative import NormativeModel, Sign
from bidsapp.recipe import Recipe

Array = NDArray[np.float32]
Volumes = Mapping[str, Array]
Read = Callable[[Array], Array]
TISSUES = ("GM", "WM", "CSF")
BASELINES: Mapping[str, Mapping[str, object]] = {
    "recipe (T1w)": {},
    "plain z": {"tail_power": 0.0, "covariates": []},
    "Mahalanobis (T1w, GM, WM)": {"tissues": ["GM", "WM"]},
}
SCORES = ("gaussian", "svm", "density", "neighbours", "personal")


@dataclass(frozen=True, eq=False)
class Heads:
    """Volumes of heads in standard space, on the analysed voxels."""

    members: Sequence[Member]
    volumes: Sequence[Volumes]
    space: Space
    parcels: Parcels

    def part(self, indices: Sequence[int]) -> Heads:
        """Give some of the heads."""
        return replace(
            self, members=[self.members[i] for i in indices], volumes=[self.volumes[i] for i in indices]
        )

    def named(self) -> list[tuple[str, Volumes]]:
        """Give name and volumes of each."""
        return [(member.name, volumes) for member, volumes in zip(self.members, self.volumes, strict=True)]


@dataclass(frozen=True, eq=False)
class Method:
    """One way to a map: from features to a quantity, and the normative model of that.

    ``measures`` are those of the left-out controls.
    """

    name: str
    read: Read
    trained: Trained
    parcels: Parcels
    measures: Sequence[Measures]

    def judge(self, features: Array, member: Member) -> Judgement:
        """Judge a head by its features."""
        variant = self.trained.variants["adjusted"]
        row = variant.design.row(member)
        assert row is not None
        z = variant.model.z(self.read(features), row)
        return judge_map(z, self.trained, variant, self.parcels)


@dataclass(frozen=True, eq=False)
class Family:
    """Methods that share features, which are computed once for a head."""

    name: str
    describe: Callable[[str, Volumes], Array]
    methods: Sequence[Method]
    seconds: Mapping[str, float]


def recipe_with(values: Mapping[str, object]) -> Recipe:
    """Give the packaged recipe with some values changed; more clusters are listed, for ranks."""
    recipe = Recipe.read("anomaly", ANALYSIS.recipe)
    return replace(recipe, values={**recipe.values, "listed_clusters": 60, **values})  # type: ignore[dict-item]


def read_heads(members: Sequence[Member], space_of: Sequence[Member] | None = None) -> Heads:
    """Read T1w and tissues of members; the analysed voxels are those of ``space_of`` (default: the same)."""
    options = Options.of(recipe_with({}))
    space = common_space(space_of or members, options)
    volumes = [read_volumes(member, ("T1w", *TISSUES), space) for member in members]
    return Heads(members, volumes, space, on_space(load_atlas(2, name=options.atlas), space))


def baseline(name: str, controls: Heads, values: Mapping[str, object] | None = None) -> Family:
    """Fit a plain statistic; ``values`` change keys of its recipe."""
    start = time.process_time()
    options = Options.of(recipe_with({**BASELINES[name], **(values or {})}))
    seen = Intensity(("T1w", *options.tissues), controls.space, options.fwhm_mm)
    values = np.stack([seen.of(*item) for item in controls.named()])
    method = _method(name, lambda features: features, values, controls, options, "both")
    return Family(name, seen.of, [method], {"fit": time.process_time() - start})


def plain_intensity(controls: Heads) -> Family:
    """Threshold the smoothed intensity itself: one mean and one deviation for all voxels and controls."""
    options = Options.of(recipe_with({}))
    seen = Intensity(("T1w",), controls.space, options.fwhm_mm)
    values = np.stack([seen.of(*item) for item in controls.named()])
    voxels = values.shape[1]
    gaussian = Gaussian(
        np.full((1, voxels, 1), values.mean(), dtype=np.float32),
        np.full((voxels, 1, 1), 1 / values.var(), dtype=np.float32),
        np.zeros((1, 1)),
        1e6,
    )
    model = NormativeModel(gaussian, np.ones(voxels, dtype=np.float32))
    z = np.stack([model.z(item, np.ones(1)) for item in values])
    measures = [measure(item, controls.space, controls.parcels, options) for item in z]
    variant = Variant(Design(), model, Reference.of(measures), 0.0, 0.0)
    trained = _trained(controls, options, variant)
    method = Method("plain intensity", lambda features: features, trained, controls.parcels, measures)
    return Family("plain intensity", seen.of, [method], {})


def learned_family(
    name: str,
    controls: Heads,
    values: Mapping[str, object],
    *,
    scores: Sequence[str],
    folder: Path,
    seed: int = 0,
) -> list[Family]:
    """Train a representation on the controls and fit every score on what it gives.

    Parameters
    ----------
    values
        Keys of the recipe: representation, unit, dimensions, steps, ...
    scores
        Of latent features; ``reconstruction`` and ``discriminator`` are families of their own.
    folder
        Checkpoints of the training.
    """
    start = time.process_time()
    options = Options.of(recipe_with({"features": "latent", "fwhm_mm": 0.0, **values}))
    pooled = replace(options, learned=replace(options.learned, score="svm", calibration="pooled"))
    seen = Intensity(("T1w",), controls.space, options.fwhm_mm)
    named = controls.named()
    own = folder / checkpoint_name(named, seen, options.learned, seed)
    network = learn(named, seen, options.learned, folder=own, device="cpu", seed=seed)
    learning = time.process_time() - start
    families = []
    kinds: dict[str, list[str]] = {"latent": [score for score in scores if score in SCORES]}
    kinds |= {kind: [kind] for kind in ("reconstruction", "discriminator") if kind in scores}
    for kind, of_kind in kinds.items():
        features = LearnedFeatures(seen, network, kind, options.learned.dimensions, step=options.learned.step)  # type: ignore[arg-type]
        described = np.stack([features.of(*item) for item in controls.named()])
        methods = [
            _scored(
                f"{name}, {score}",
                score,
                features,
                described,
                controls,
                pooled if score in ("svm", "personal") else options,
            )
            for score in of_kind
        ]
        families.append(Family(f"{name} {kind}", features.of, methods, {"learn": learning}))
    return families


def _scored(
    name: str, score: str, features: LearnedFeatures, described: Array, controls: Heads, options: Options
) -> Method:
    if score not in MACHINES:
        return _method(name, lambda values: values, described, controls, options, features.sign)
    machine, decisions = fit_machine(score, described, nu=options.learned.nu)
    strangeness = Strangeness(features, machine, options.learned.score_fwhm_mm)
    left_out = np.stack([strangeness.read(decision) for decision in decisions])
    return _method(
        name, lambda values: strangeness.read(machine.decide(values)), left_out, controls, options, "above"
    )


def _method(name: str, read: Read, values: Array, controls: Heads, options: Options, sign: Sign) -> Method:
    design = usable_design(controls.members, options.covariates)[0] if options.covariates else Design()
    variant, measures = fit_variant(
        controls.members, values, design, controls.space, controls.parcels, options, sign=sign
    )
    return Method(name, read, _trained(controls, options, variant), controls.parcels, measures)


def _trained(controls: Heads, options: Options, variant: Variant) -> Trained:
    seen = Intensity(("T1w",), controls.space, options.fwhm_mm)
    cohort = f"{len(controls.members)} controls"
    regions = controls.parcels.index
    return Trained(options, ("T1w",), controls.space, {"adjusted": variant}, cohort, regions, seen)
