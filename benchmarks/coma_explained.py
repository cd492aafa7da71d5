"""What the localisation benchmark explains: regional models, and a small network of volumes.

Each explanation gives one number for each region, the larger the more it matters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bidsapp.analyses.coma.features.regional import Regional
from bidsapp.analyses.coma.models.kernel import Kernel
from bidsapp.analyses.coma.models.linear import Linear
from bidsapp.analyses.coma.patient import Patient
from bidsapp.analyses.coma.patterns import haufe_of
from bidsapp.analyses.coma.weak import attend, fit_attention, region_tokens
from bidsapp.explain.attribution import Attribute, Target
from bidsapp.explain.controls import fitted_to_shuffled, untrained
from bidsapp.explain.gradcam import gradcam, gradcam_plus_plus
from bidsapp.explain.gradients import integrated_gradients
from bidsapp.explain.regions import healthy_replacement, occlude_regions
from bidsapp.learning.lesion_symptom.mass_univariate import map_symptom
from bidsapp.learning.lesion_symptom.multivariate import map_symptom_jointly
from bidsapp.networks.volume import VolumeEncoder

Array = NDArray[np.float64]
Labels = NDArray[np.int16]

EXPLAINED, STEPS, WIDTH, BATCH = 6, 8, 16, 10
_LAST_STAGE = "0.stages"


@dataclass(frozen=True, eq=False)
class Regions:
    """Regional values of patients (patients, regions), what healthy people show, and the score."""

    values: Array
    healthy: Array
    score: Array

    @property
    def lost(self) -> Array:
        """Share lost of what healthy people show, never negative, as a lesion load."""
        return np.clip(1 - self.values / self.healthy, 0, None)


Explain = Callable[[Regions, int], Mapping[str, Array]]
"""From regions and a seed to explanations by name; those of one model share its training."""


def ridge(regions: Regions, seed: int) -> Mapping[str, Array]:
    """Explain ridge regression."""
    del seed
    patients = as_patients(regions.values)
    model = Linear("regions", "Regions, ridge", [Regional()]).fit(patients, regions.score)
    weights, patterns = (list(each.values()) for each in (model.weights, haufe_of(model, patients)))
    return {"ridge, weights": np.abs(weights), "ridge, Haufe pattern": np.abs(patterns)}


def kernel(regions: Regions, seed: int) -> Mapping[str, Array]:
    """Explain kernel regression by occlusion, with the cohort's mean and with healthy values."""
    del seed
    model = Kernel("kernel", "Regions, Gaussian kernel", [Regional()])
    model.fit(as_patients(regions.values), regions.score)

    def predict(table: Array) -> Array:
        return model.predict(as_patients(table))

    mean, labels = regions.values.mean(axis=0), np.arange(1, regions.values.shape[1] + 1)
    chosen = regions.values[:EXPLAINED]
    covered = [
        list(occlude_regions(predict, row, labels, instead=mean, batch=500).values()) for row in chosen
    ]
    healed = [healthy_replacement(predict, row, regions.healthy).regions for row in chosen]
    return {
        "kernel, occlusion by region": np.abs(covered).mean(axis=0),
        "kernel, healthy replacement": np.abs(np.mean(healed, axis=0)),
    }


def symptom(regions: Regions, seed: int) -> Mapping[str, Array]:
    """Map the score on what was lost; the sum over all regions is the covariate."""
    lost = regions.lost
    whole = np.log(1e-3 + lost.sum(axis=1, keepdims=True))
    maps = {
        "lesion-symptom, t": partial(map_symptom, test="t"),
        "lesion-symptom, joint ridge": map_symptom_jointly,
    }
    found = {
        name: make(lost, regions.score, permutations=1, seed=seed, covariates=whole).statistic
        for name, make in maps.items()
    }
    return {name: np.nan_to_num(np.abs(statistic)) for name, statistic in found.items()}


def attention(regions: Regions, seed: int, *, learned: bool = True) -> Mapping[str, Array]:
    """Explain a network with attention over regions, trained or not."""
    spread = np.maximum(regions.values.std(axis=0), 1e-9)
    tokens = region_tokens(((regions.values - regions.healthy) / spread)[..., None])
    network = fit_attention(tokens, regions.score, seed=seed, steps=100 if learned else 0)
    found = attend(network if learned else untrained(network, seed=seed), tokens)  # type: ignore[arg-type]
    return {
        "attention over regions, weights": found.weights.mean(axis=0),
        "attention over regions, contributions": np.abs(found.contributions).mean(axis=0),
    }


MODELS: Sequence[Explain] = (ridge, kernel, symptom)


def explain_regions(regions: Regions, seed: int) -> dict[str, tuple[Array, Array]]:
    """Give each explanation and its control: labels shuffled; for attention, the untrained network."""
    pairs: dict[str, tuple[Array, Array]] = {}
    for model in MODELS:
        control = fitted_to_shuffled(
            lambda score, model=model: model(replace(regions, score=score), seed), regions.score, seed=seed
        )
        pairs |= {name: (found, control[name]) for name, found in model(regions, seed).items()}
    control = attention(regions, seed, learned=False)
    return pairs | {name: (found, control[name]) for name, found in attention(regions, seed).items()}


def as_patients(values: Array) -> list[Patient]:
    """Give a table as patients; names keep the order of the columns."""
    names = [f"{number:04d}" for number in range(values.shape[1])]
    return [
        Patient(subject=str(row), regions={"image": dict(zip(names, each.tolist(), strict=True))})
        for row, each in enumerate(values)
    ]


@dataclass(frozen=True, eq=False)
class Volumes:
    """Images (patients, x, y, z) and scores to train on, further patients to explain, and the atlas."""

    images: Tensor
    score: Tensor
    further: Tensor
    labels: Labels


def train_network(volumes: Volumes, *, epochs: int, seed: int) -> nn.Module:
    """Train an encoder of volumes with one output in standard deviations of the score."""
    torch.manual_seed(seed)
    network = nn.Sequential(VolumeEncoder(1, WIDTH), nn.GELU(), nn.Linear(WIDTH, 1))
    target = (volumes.score - volumes.score.mean()) / volumes.score.std()
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    for _ in range(epochs):
        for rows in torch.randperm(len(target)).split(BATCH):
            optimiser.zero_grad()
            error = network(volumes.images[rows, None])[:, 0] - target[rows]
            error.square().mean().backward()
            optimiser.step()
    return network.eval()


def explain_volumes(network: nn.Module, volumes: Volumes) -> dict[str, Array]:
    """Explain what lowers the output in further patients, by region."""
    mean = volumes.images.mean(dim=0)[None, None]
    target = Target.output(sign=-1)
    methods: Mapping[str, Attribute] = {
        "3-D network, Grad-CAM": partial(gradcam, layer=_LAST_STAGE),
        "3-D network, Grad-CAM++": partial(gradcam_plus_plus, layer=_LAST_STAGE),
        "3-D network, integrated gradients": partial(
            integrated_gradients, baseline=lambda _image: mean, steps=STEPS
        ),
    }
    found = {
        name: np.mean(
            [_by_region(make(network, image, target).relevance, volumes) for image in _each(volumes)], axis=0
        )
        for name, make in methods.items()
    }
    return found | {"3-D network, occlusion by region": _occluded(network, volumes, mean)}


def _occluded(network: nn.Module, volumes: Volumes, mean: Tensor) -> Array:
    def predict(images: Array) -> Array:
        with torch.inference_mode():
            return network(torch.from_numpy(images.astype(np.float32)))[:, 0].double().numpy()

    effects = [
        list(occlude_regions(predict, image[0].numpy(), volumes.labels, instead=mean[0].numpy()).values())
        for image in _each(volumes)
    ]
    return np.abs(effects).mean(axis=0)


def _each(volumes: Volumes) -> Sequence[Tensor]:
    return [image[None, None] for image in volumes.further]


def _by_region(relevance: Tensor, volumes: Volumes) -> Array:
    """Give the mean size of the relevance in each region of the atlas that has a voxel."""
    places = volumes.labels.ravel()
    size = np.bincount(places)
    total = np.bincount(places, np.abs(relevance[0].double().numpy()).ravel())
    return (total[1:] / np.maximum(size[1:], 1))[size[1:] > 0]
