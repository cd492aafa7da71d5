"""Which slices and patients hold an enhancing lesion, without contrast agent: ours and Narayana et al. 2020.

    python benchmarks/ms_narayana.py DERIVATIVES WORK --bundle BUNDLE --held-out SUBJECT...

The classifier of slices after VGG-16 (networks/slice_classifier.py) is trained here on healthy heads made
ill, then all are asked about other heads made ill in the same way. Ours scores a slice, and a patient, by the
most probably active voxel, as the network says it, and by the rule of change, which alone sees the earlier
FLAIR (`bidsapp.analyses.ms.activity_rule`); the classifier scores a patient by the highest slice, and by its
fully connected network. All see T1w, T2w and FLAIR. All lesion outlines are drawn, none is a real patient's:
the classifier has learned from just such patients, our bundle from other outlines too. AUC with 95 %
intervals over patients. Simulated activity says nothing of real patients (the paper: 0.82 by slice, 0.75 by
patient).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from ms_slabs import Slabs, draw_slab, enhancing, slices_of
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader

from bidsapp.analyses.ms.channels import PRIOR
from bidsapp.analyses.ms.drawing import draw_outputs
from bidsapp.analyses.ms.heads import read_head
from bidsapp.analyses.ms.inference import probability
from bidsapp.analyses.ms.instances import find_instances
from bidsapp.analyses.ms.networks import Trained, read_trained
from bidsapp.bids.cohort import read_cohort
from bidsapp.bundle import Bundle
from bidsapp.images.volume import Volume
from bidsapp.learning.clustered_auc import clustered_auc
from bidsapp.learning.fitting import Schedule, fit
from bidsapp.networks.slice_classifier import CHANNELS, PatientHead, slice_classifier
from bidsapp.simulate.sclerosis.anatomy import HealthyHead
from bidsapp.simulate.sclerosis.examination import Examination

Array = NDArray[np.float64]
RESAMPLES = 1000
HEAD_STEPS = 300


def train_slices(heads: list[HealthyHead], options: argparse.Namespace) -> nn.Module:
    """Train the classifier of slices; goes on where a killed training stopped."""
    torch.manual_seed(options.seed)
    network = fit(
        slice_classifier(),
        slice_loss,
        lambda step: DataLoader(Slabs(heads, options.steps, options.seed, step), batch_size=None),
        Schedule(steps=options.steps, learning_rate=1e-3, final_rate=0.02, average=0.99),
        options.work / f"narayana-{len(heads)}-{options.steps}-{options.seed}",
        seed=options.seed,
    )
    return network.eval()


def slice_loss(network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Give the cross-entropy of a batch of slices."""
    slices, enhancing = batch
    return binary_cross_entropy_with_logits(network(slices).float(), enhancing)


def score_slices(network: nn.Module, seen: Examination) -> Tensor:
    """Give the logit of each axial slice, shape ``(z,)``."""
    with torch.inference_mode():
        return torch.cat([network(part) for part in slices_of(seen).split(8)])


def train_patients(network: nn.Module, patients: Sequence[Examination]) -> PatientHead:
    """Fit the fully connected network on the slice scores of patients."""
    scores = torch.stack([score_slices(network, seen) for seen in patients]).clone()
    ill = torch.tensor([bool(enhancing(seen).any()) for seen in patients]).float()
    torch.manual_seed(0)
    head = PatientHead()
    optimiser = torch.optim.AdamW(head.parameters(), lr=1e-2, weight_decay=0.1)
    for _ in range(HEAD_STEPS):
        optimiser.zero_grad()
        binary_cross_entropy_with_logits(head(scores), ill).backward()
        optimiser.step()
    return head.eval()


def most_active(trained: Trained, seen: Examination) -> tuple[Array, Array]:
    """Give the highest probability of activity in each axial slice, by our networks and by the rule."""
    images = {name: Volume(seen.images[name].numpy(), np.eye(4)) for name in CHANNELS}
    brain = seen.brain.numpy()
    outputs = list(draw_outputs(trained, images, brain, "cpu"))
    active = np.mean([probability(output.active) for output in outputs], axis=0)
    lesion = np.mean([trained.scaling.probability(output.lesion) for output in outputs], axis=0)
    assert trained.rule is not None
    labels = find_instances(lesion >= trained.threshold, 1.0)
    changed = trained.rule.paint(labels, images["FLAIR"].data, seen.images[PRIOR].numpy(), brain)
    by_network, by_rule = (np.asarray(item.max(axis=(0, 1)), dtype=np.float64) for item in (active, changed))
    return by_network, by_rule


def auc_with_interval(truths: Sequence[NDArray[np.bool_]], scores: Sequence[Array]) -> str:
    """Give the AUC over all items of all patients, and its interval over patients."""
    levels, places = np.unique(np.concatenate(scores), return_inverse=True)
    own = np.split(places, np.cumsum([item.size for item in scores])[:-1])
    known = list(zip(truths, own, strict=True))
    kinds = [
        np.array([np.bincount(at[truth == kind], minlength=levels.size) for truth, at in known])
        for kind in (True, False)
    ]
    if not all(kind.any() for kind in kinds):
        return "undefined: all alike"
    found = clustered_auc(*kinds, resamples=RESAMPLES, seed=0)
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def main() -> None:
    """Train, ask, print."""
    options = parse()
    members = read_cohort([options.derivatives]).members
    held = set(options.held_out)
    learned_from = [item for item in members if item.subject not in held][: options.heads]
    kept = options.work / "heads"
    heads = [read_head(item, kept) for item in learned_from]
    begun = time.perf_counter()
    network = train_slices(heads, options)
    fitted = [whole(heads[i % len(heads)], options, 1, i) for i in range(options.fit_patients)]
    patient_head = train_patients(network, fitted)
    print(f"classifier: {options.steps} steps on {len(heads)} heads, {time.perf_counter() - begun:.0f} s")
    others = [read_head(item, kept) for item in members if item.subject in held]
    trained = read_trained(Bundle.read(options.bundle), "cpu")
    truths, classified, combined, ours, ruled = [], [], [], [], []
    for number in range(options.patients):
        seen = whole(others[number % len(others)], options, 2, number)
        truths.append(enhancing(seen).numpy())
        scores = score_slices(network, seen)
        classified.append(scores.double().numpy())
        with torch.inference_mode():
            combined.append(patient_head(scores[None]).double().numpy())
        by_network, by_rule = most_active(trained, seen)
        ours.append(by_network)
        ruled.append(by_rule)
        print(f"patient {number + 1}: {truths[-1].sum()} of {truths[-1].size} slices enhance", flush=True)
    ill = [item.any(keepdims=True) for item in truths]
    print(f"\n{options.patients} patients of {len(others)} heads, {int(np.sum(ill))} with enhancing lesions")
    rows = {
        "slices, Narayana et al.": (truths, classified),
        "slices, our network": (truths, ours),
        "slices, our rule with the earlier scan": (truths, ruled),
        "patients, Narayana et al., highest slice": (ill, [item.max(keepdims=True) for item in classified]),
        "patients, Narayana et al., fully connected": (ill, combined),
        "patients, our network, highest slice": (ill, [item.max(keepdims=True) for item in ours]),
        "patients, our rule, highest slice": (ill, [item.max(keepdims=True) for item in ruled]),
    }
    for name, (truth, score) in rows.items():
        print(f"{name:44} AUC {auc_with_interval(truth, score)}")


def whole(head: HealthyHead, options: argparse.Namespace, part: int, number: int) -> Examination:
    """Make a head ill, as deep as asked for, around its middle."""
    rng = np.random.default_rng([options.seed, part, number])
    return draw_slab(rng, head, options.depth, spread=0.0, wanted=(*CHANNELS, PRIOR))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("derivatives", type=Path, help="healthy people as preprocessed by bidsapp")
    parser.add_argument("work", type=Path, help="folder for heads and checkpoints")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--held-out", nargs="+", required=True, help="subjects that no training has seen")
    parser.add_argument("--steps", type=int, default=600, help="slabs of eight slices to learn from")
    parser.add_argument("--heads", type=int, default=60, help="to learn from, at most")
    parser.add_argument("--fit-patients", type=int, default=40, help="to fit the patient's score on")
    parser.add_argument("--patients", type=int, default=40, help="to be asked about")
    parser.add_argument("--depth", type=int, default=96, help="mm of a patient from below to above")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
