"""The parts of coma_training.py: patients of ten modalities, training with a watch in hand, scoring."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import ParamSpec, TypeVar
from unittest.mock import patch

import numpy as np
from coma_simulated import Simulated, simulate

from bidsapp.analyses.coma import ANALYSIS, comparison, predict, train
from bidsapp.analyses.coma.encoding import encode
from bidsapp.analyses.coma.models.protocol import Model
from bidsapp.analyses.coma.models.registry import Entry, applicable, models_with
from bidsapp.analyses.coma.options import Options
from bidsapp.analyses.coma.reasons import reason_table
from bidsapp.analyses.coma.rows import make_rows, visible
from bidsapp.analyses.coma.simulated import region_name
from bidsapp.analyses.coma.tables import comparison_table, prediction_table
from bidsapp.analyses.coma.trained import read_trained
from bidsapp.bids.cohort import read_cohort
from bidsapp.bundle import Bundle
from bidsapp.images.templates import load_atlas
from bidsapp.interfaces.series import grey_regions
from bidsapp.recipe import Recipe
from bidsapp.simulate.coma.head import average_head
from bidsapp.simulate.coma.study import Study

Costs = dict[str, float]
P = ParamSpec("P")
R = TypeVar("R")
MODEL = "model: "
SEED, KEPT = 2026, 0.6  # share of a frame of noise that the next one keeps
STAGES: tuple[tuple[ModuleType, str], ...] = (
    (comparison, "out_of_fold"),
    (comparison, "select_nested"),
    (comparison, "_measure"),
    (comparison, "_p"),
    (train, "fit_doubt"),
    (train, "cover"),
    (train, "_control"),
)


class Watch:
    """CPU seconds of each stage, and of the fits of each model within all of them."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def timed(self, name: str, function: Callable[P, R]) -> Callable[P, R]:
        """Give the function with its CPU seconds added up under a name."""

        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[name] += time.process_time() - start

        return run

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the stages of training, and every model that an entry of the registry makes."""
        make = Entry.__call__

        def made(entry: Entry) -> Model:
            model = make(entry)
            for part in ("fit", "predict"):
                setattr(model, part, self.timed(MODEL + model.name, getattr(model, part)))
            return model

        with ExitStack() as stack:
            for room, name in STAGES:
                stage = self.timed(name.strip("_"), getattr(room, name))
                stack.enter_context(patch.object(room, name, stage))
            stack.enter_context(patch.object(Entry, "__call__", made))
            yield


def cohort(count: int) -> Simulated:
    """Simulate patients with signals of all regions that preprocessing gives, in its order and names."""
    head = average_head()
    found = simulate(count, [head], Study(seed=SEED), volumes=False)
    atlas = load_atlas(2)
    regions = {region.name: region_name(region) for region in grey_regions(atlas.regions)}
    rng = np.random.default_rng(SEED)
    patients = []
    for patient in found.patients:
        own = patient.series["bold"]
        columns = dict(zip(own.regions, own.values.T, strict=True))
        noise = rng.standard_normal((len(own.values), len(regions))).astype(np.float32)
        for frame in range(1, len(noise)):
            noise[frame] = KEPT * noise[frame - 1] + (1 - KEPT**2) ** 0.5 * noise[frame]
        values = [columns.get(name, other) for name, other in zip(regions.values(), noise.T, strict=True)]
        bold = replace(own, regions=tuple(regions), values=np.stack(values, axis=1))
        patients.append(replace(patient, series={"bold": bold}))
    return replace(found, patients=tuple(patients))


def whole(count: int, path: Path) -> Costs:
    """Train the default recipe on so many patients and write the bundle; CPU seconds of the parts."""
    recipe = Recipe.read("coma", ANALYSIS.recipe)
    known = cohort(count)
    rows = make_rows(known.patients, known.crsr, "crs_r", Options.of(recipe))
    source = train.Source("coma", "SIMULATED patients", simulated=True)
    watch = Watch()
    with watch.watching():
        fit = watch.timed("training", train.fit_bundle)
        bundle = fit(rows, recipe, path, seed=SEED, source=source)
    megabytes = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6
    print(bundle.metadata["model"])
    return {**watch.seconds, "patients": float(count), "megabytes": megabytes}


def one_fits(count: int) -> Costs:
    """Give the CPU seconds of one fit and prediction of each model of the recipe that applies.

    It is the second one: what features keep of each patient is then there, as in all but the first fits of a
    training.
    """
    options = Options.of(Recipe.read("coma", ANALYSIS.recipe))
    known = cohort(count)
    side = count * 4 // 5
    watch = Watch()
    for name in options.models:
        if name not in applicable(known.patients).names:
            continue
        with watch.watching():
            models = [models_with(options.learning)[name]() for _ in range(2)]
        for model in models:
            watch.seconds.pop(MODEL + name, None)
            model.fit(known.patients[:side], known.crsr[:side]).predict(known.patients[side:])
    return {name.removeprefix(MODEL): seconds for name, seconds in watch.seconds.items()}


def score_session(derivatives: Path, path: Path) -> Costs:
    """Read a session and score it, as the participant level does, and a patient like those of the training.

    Returns
    -------
    Costs
        Seconds on the clock. The session may be unlike the simulated patients, and get no score; the patient
        in memory gets one, with its tables.
    """
    clock = [time.perf_counter()]
    member = read_cohort([derivatives]).members[0]
    clock.append(time.perf_counter())
    trained = read_trained(Bundle.read(path))
    clock.append(time.perf_counter())
    images = encode(member, atlas=trained.options.atlas, volumes=False).regions
    clock.append(time.perf_counter())
    findings = predict.predict(member, trained.bundle)
    clock.append(time.perf_counter())
    patient = visible(cohort(1).patients[0], trained.options)
    clock.append(time.perf_counter())
    found = predict.judge_patient(patient, trained)
    tables = [prediction_table(found, trained), reason_table(patient, trained), comparison_table(trained)]
    clock.append(time.perf_counter())
    parts = ("find the session", "read the bundle", "encode", "all of predict", "simulate", "score in memory")
    return {
        **dict(zip(parts, np.diff(clock).tolist(), strict=True)),
        "images": float(len(images)),
        "scores of the session": float(len(findings.scores)),
        "tables": float(sum(table is not None for table in tables)),
    }
