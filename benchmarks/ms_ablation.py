"""What real patients and each augmentation of them add to the lesion network, on patients left out.

From one base network each arm is trained for the same number of steps, once without each patient, and asked
for that patient: Dice of voxels and F1 of lesions (Anima's rule) at a probability of one half. All
arms see the same patients, so the difference to the arm ``real`` is given with a 95 % interval: the true
lesions of a patient are resampled (each with its share of the false voxels, those nearest to it). With two
patients the interval tells of their lesions, not of other patients.

A run that was killed goes on: stages keep checkpoints, and the counts of each arm and patient are kept.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from bidsapp.analyses.ms import ANALYSIS
from bidsapp.analyses.ms.inference import infer
from bidsapp.analyses.ms.material import Material, read_material
from bidsapp.analyses.ms.options import Options
from bidsapp.analyses.ms.patients import Patient
from bidsapp.analyses.ms.roles import divide
from bidsapp.analyses.ms.stages import Stage, run_stage
from bidsapp.bids.cohort import read_cohort
from bidsapp.bids.masks import add_masks
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort
from bidsapp.files import digest_file, write_json
from bidsapp.images.grids import resample
from bidsapp.images.templates import template_grid
from bidsapp.images.volume import Volume, read_volume
from bidsapp.learning.lesion_agreement.protocols import anima
from bidsapp.networks.lesions import lesion_network
from bidsapp.recipe import Recipe, Value

SHARE = 0.3
ARMS: Mapping[str, Mapping[str, Value]] = {
    "simulation": {"patient_share": 0.0},
    "real": {},
    "blend": {"blend_share": SHARE},
    "heal": {"heal_share": SHARE},
    "vae": {"generated_share": SHARE, "generator": "vae"},
    "gan": {"generated_share": SHARE, "generator": "gan"},
}
REFERENCE = "real"
RESAMPLES = 2000
Mask = NDArray[np.bool_]
Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Result:
    """One arm on one patient: F1, and true, false and missed voxels of each true lesion, ``(lesions, 3)``."""

    f1: float
    counts: Counts

    @property
    def dice(self) -> float:
        """Dice of all voxels."""
        return float(dice_of(self.counts.sum(axis=0)))


def main() -> None:
    """Train and judge the arms, and print the table."""
    arguments = _arguments()
    recipe = Recipe.read("ms", ANALYSIS.recipe)
    material = _read(arguments)
    base = digest_file(arguments.bundle / "models" / f"{_base(arguments)}.safetensors")[:8]
    results: dict[tuple[str, str], Result] = {}
    for arm in arguments.arms:
        values = {**recipe.values, **ARMS[arm], "patient_steps": arguments.steps}
        options = Options.of(replace(recipe, values=values))
        for patient in material.patients:
            name = f"{base}-{arguments.seed}-{arguments.steps}-{arm}-sub-{patient.subject}.json"
            kept = arguments.work / name
            if not kept.exists():
                network = _trained(arguments, options, material.without(frozenset({patient.subject})))
                _keep(kept, judge(network, patient, options.crop, arguments.device))
            results[arm, patient.subject] = _kept(kept)
    for line in table(results, np.random.default_rng(arguments.seed)):
        print(line)


def judge(network: nn.Module, patient: Patient, window: int, device: str) -> Result:
    """Find the lesions of a patient and compare them with the manual mask."""
    assert patient.lesion is not None
    images = {name: Volume(image.numpy(), np.eye(4)) for name, image in patient.images.items()}
    found = infer(network.eval(), images, patient.brain.numpy(), window=window, device=device).lesion > 0
    return compare(patient.lesion.numpy(), found)


def compare(truth: Mask, found: Mask) -> Result:
    """Give each true lesion its voxels, and the false ones that lie nearest to it."""
    labels, count = ndimage.label(truth)
    nearest = ndimage.distance_transform_edt(~truth, return_distances=False, return_indices=True)
    owner = labels[tuple(nearest)]
    parts = (truth & found, found & ~truth, truth & ~found)
    counts = np.stack([np.bincount(owner[part], minlength=count + 1)[1:] for part in parts], axis=1)
    return Result(anima(truth, found, voxel_mm3=1.0).f1, counts.astype(np.int64))


def dice_of(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Give the Dice of true, false and missed voxels, shape ``(..., 3)``."""
    true, false, missed = np.moveaxis(counts, -1, 0)
    return np.asarray(2 * true / np.maximum(2 * true + false + missed, 1), dtype=np.float64)


def interval(rng: np.random.Generator, first: Counts, second: Counts) -> tuple[float, float]:
    """Give the 95 % interval of the difference of two Dice, over the same resampled lesions."""
    drawn = rng.integers(len(first), size=(RESAMPLES, len(first)))
    gains = dice_of(first[drawn].sum(axis=1)) - dice_of(second[drawn].sum(axis=1))
    low, high = np.quantile(gains, (0.025, 0.975))
    return float(low), float(high)


def table(results: Mapping[tuple[str, str], Result], rng: np.random.Generator) -> Iterator[str]:
    """Yield the lines: each arm and patient, then the mean of each arm, with the gain over the reference."""
    yield "arm patient lesions dice f1 dice_gain low high f1_gain"
    arms = list(dict.fromkeys(arm for arm, _ in results))
    for arm in arms:
        own = {subject: result for (name, subject), result in results.items() if name == arm}
        gains = []
        for subject, result in own.items():
            reference = results.get((REFERENCE, subject))
            line = f"{arm} sub-{subject} {len(result.counts)} {result.dice:.4f} {result.f1:.4f}"
            if reference is not None and arm != REFERENCE:
                low, high = interval(rng, result.counts, reference.counts)
                gains.append((result.dice - reference.dice, result.f1 - reference.f1))
                line += f" {gains[-1][0]:+.4f} {low:+.4f} {high:+.4f} {gains[-1][1]:+.4f}"
            yield line
        dice, f1 = (np.mean([getattr(item, name) for item in own.values()]) for name in ("dice", "f1"))
        line = f"{arm} mean {sum(len(item.counts) for item in own.values())} {dice:.4f} {f1:.4f}"
        if gains:
            mean = np.mean(gains, axis=0)
            line += f" {mean[0]:+.4f} - - {mean[1]:+.4f}"
        yield line


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="with the base network")
    parser.add_argument("--healthy", type=Path, required=True, help="preprocessed controls")
    parser.add_argument("--patients", type=Path, required=True, help="preprocessed patients")
    parser.add_argument("--masks", type=Path, required=True, help="derivative with the manual masks")
    parser.add_argument("--outlines", type=Path, help="folder with lesion masks of others, MNI, 1 mm")
    parser.add_argument("--work", type=Path, required=True, help="checkpoints, heads and counts stay here")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--arms", nargs="+", choices=tuple(ARMS), default=tuple(ARMS))
    parser.add_argument("--controls", type=int, default=0, help="at most so many; 0: all")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _read(arguments: argparse.Namespace) -> Material:
    healthy = list(read_cohort([arguments.healthy]).members)
    ill = add_masks(read_cohort([arguments.patients]), [arguments.masks])
    _, patients = divide(Cohort(ill.members), "")
    files = sorted(arguments.outlines.glob("*_mask.nii.gz")) if arguments.outlines else []
    more: dict[str, Tensor] = {f"mask-{path.name.split('_')[0]}": _on_template(path) for path in files}
    chosen = healthy[: arguments.controls or None]
    return read_material(chosen, patients, arguments.work, more, augmented=True)


def _on_template(path: Path) -> Tensor:
    moved = resample(read_volume(path), template_grid(1), interpolation="nearest")
    return torch.from_numpy((moved.data > 0.5).astype(np.uint8))


def _base(arguments: argparse.Namespace) -> str:
    """Name the network that knows simulated patients alone: the final one, where no base lies beside it."""
    return "base" if (arguments.bundle / "models" / "base.safetensors").exists() else "model"


def _trained(arguments: argparse.Namespace, options: Options, material: Material) -> nn.Module:
    stored = Bundle.read(arguments.bundle).tensors(_base(arguments))
    network = lesion_network(options.features)
    network.load_state_dict({key: torch.from_numpy(value).float() for key, value in stored.items()})
    stage = Stage(
        steps=options.patient_steps,
        learning_rate=options.patient_learning_rate,
        patient_share=options.patient_share,
        seed=arguments.seed + 1,
    )
    return run_stage(network, stage, material, options, arguments.work, arguments.device)


def _keep(path: Path, result: Result) -> None:
    write_json(path, {"f1": result.f1, "counts": result.counts.tolist()})


def _kept(path: Path) -> Result:
    read = json.loads(path.read_text(encoding="utf-8"))
    return Result(float(read["f1"]), np.array(read["counts"], dtype=np.int64))


if __name__ == "__main__":
    main()
