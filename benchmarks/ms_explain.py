"""Explanations of the lesion network on simulated patients, beside those of an untrained one.

    python benchmarks/ms_explain.py --bundle FOLDER --healthy DERIVATIVES --heads FOLDER --subjects LABEL ...

Of each simulated patient the largest lesion in a cube is explained: the sum of its logits, whatever the
network says of it, so that a trained and an untrained network answer the same question. Where the lesion is,
and that it is bright on FLAIR, is known. Take subjects that the bundle did not learn from.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
import torch
from anomaly_fitting import table
from torch import Tensor, nn

from bidsapp.analyses.ms.channels import CONTRASTS, IMAGES, encode
from bidsapp.analyses.ms.heads import read_head
from bidsapp.analyses.ms.instances import find_instances
from bidsapp.analyses.ms.networks import read_trained
from bidsapp.bids.cohort import read_cohort
from bidsapp.bundle import Bundle
from bidsapp.explain.attribution import Attribution, Target
from bidsapp.explain.methods import METHODS
from bidsapp.explain.randomisation import randomisation
from bidsapp.files import write_json
from bidsapp.networks.lesions import lesion_network
from bidsapp.simulate.sclerosis.anatomy import HealthyHead, show
from bidsapp.simulate.sclerosis.examination import Severity, examine
from bidsapp.simulate.warp import random_points

SEED = 20261121
RESAMPLES = 10_000
SMALLEST = 20
"""A lesion of fewer voxels is not asked for."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One lesion explained by one method.

    ``imbalance``: what is missing of the sum, relative, or nothing where the method promises none;
    ``randomised``: rank correlation with the maps of random weights; ``inside`` and ``flair``: share of the
    positive relevance of the images in the lesion and on FLAIR, ``*_control`` the same of an untrained
    network; ``chance``: share of the lesion in the brain of the cube.
    """

    patient: int
    method: str
    voxels: int
    imbalance: float | None
    randomised: float
    inside: float
    inside_control: float
    flair: float
    flair_control: float
    chance: float


def simulate(heads: Sequence[HealthyHead], number: int, edge: int) -> tuple[Tensor, Tensor, Tensor]:
    """Make a head ill until the cube holds a lesion: encoded cube with all contrasts, lesion, brain."""
    rng = np.random.default_rng([SEED, number])
    head = heads[number % len(heads)]
    white = (head.tissue[1] > 127).nonzero()
    while True:
        centre = white[int(rng.integers(len(white)))].float()
        points = random_points(rng, (edge, edge, edge), centre, scale=0.12, elastic=1.5)
        anatomy = show(head, points, sharpness=float(rng.uniform(1, 3)))
        seen = examine(rng, anatomy, None, Severity(healthy=0.0), CONTRASTS)
        assert seen.lesion is not None
        lesion = torch.from_numpy(find_instances(seen.lesion.numpy(), 1.0) == 1)
        if int(lesion.sum()) >= SMALLEST:
            return encode(seen.images, seen.brain, CONTRASTS)[None], lesion, seen.brain


def shares(attribution: Attribution, lesion: Tensor) -> tuple[float, float]:
    """Give the shares of the positive relevance of the images that are in the lesion and on FLAIR."""
    positive = attribution.relevance[: len(IMAGES)].double().clamp(min=0)
    total = float(positive.sum())
    return float(positive[:, lesion].sum()) / total, float(positive[IMAGES.index("FLAIR")].sum()) / total


def explain_patient(
    number: int, cube: tuple[Tensor, Tensor, Tensor], networks: tuple[nn.Module, nn.Module], method: str
) -> Row:
    """Explain one lesion by the trained network and by the control."""
    image, lesion, brain = cube
    trained, control = networks
    attribute, target = METHODS[method].attribute, Target.lesion(lesion)
    own, other = attribute(trained, image, target), attribute(control, image, target)
    random = randomisation(attribute, trained, image, target, relevance=own.relevance, seed=number)
    (inside, flair), (inside_control, flair_control) = shares(own, lesion), shares(other, lesion)
    return Row(
        patient=number,
        method=method,
        voxels=int(lesion.sum()),
        imbalance=own.imbalance,
        randomised=random.value,
        inside=inside,
        inside_control=inside_control,
        flair=flair,
        flair_control=flair_control,
        chance=float(lesion.sum() / brain.sum()),
    )


def interval(values: Sequence[float]) -> str:
    """Write a mean and its 95 % interval by a bootstrap of patients."""
    column = np.array(values)
    draws = np.random.default_rng(0).integers(0, column.size, (RESAMPLES, column.size))
    low, high = np.quantile(column[draws].mean(axis=1), (0.025, 0.975))
    return f"{column.mean():.3f} [{low:.3f}, {high:.3f}]"


def summarise(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """Give a line for each method: the checks, and what is above the control."""
    measures: tuple[Callable[[Row], float], ...] = (
        lambda row: row.inside,
        lambda row: row.inside - row.inside_control,
        lambda row: row.flair,
        lambda row: row.flair - row.flair_control,
    )
    for method in dict.fromkeys(row.method for row in rows):
        own = [row for row in rows if row.method == method]
        imbalance = [row.imbalance for row in own if row.imbalance is not None]
        yield (
            method,
            f"{max(imbalance):.2e}" if imbalance else "-",
            f"{max(row.randomised for row in own):.2f}",
            f"{np.mean([row.chance for row in own]):.3f}",
            *(interval([measure(row) for row in own]) for measure in measures),
        )


def read_heads(arguments: argparse.Namespace) -> list[HealthyHead]:
    """Read healthy heads, kept ready in a folder."""
    cohort = read_cohort([arguments.healthy], participant_label=arguments.subjects)
    return [read_head(member, arguments.heads) for member in cohort.members]


def main() -> None:
    """Simulate, explain and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--healthy", type=Path, required=True, help="preprocessed healthy subjects")
    parser.add_argument("--heads", type=Path, required=True, help="folder that keeps heads as they are read")
    parser.add_argument("--subjects", nargs="*", default=(), help="only these subjects")
    parser.add_argument("--patients", type=int, default=20)
    parser.add_argument("--edge", type=int, default=48, help="of the cubes, mm; a multiple of 16")
    parser.add_argument("--methods", nargs="+", default=["lrp"], choices=METHODS)
    parser.add_argument("--out", type=Path, help="JSON file for the rows")
    arguments = parser.parse_args()
    bundle = Bundle.read(arguments.bundle)
    features = bundle.metadata["features"]
    assert isinstance(features, list)
    trained = read_trained(bundle, "cpu").networks[0]
    heads, rows = read_heads(arguments), []
    for number in range(arguments.patients):
        cube = simulate(heads, number, arguments.edge)
        torch.manual_seed(number)
        networks = (trained, lesion_network(features).eval())
        for method in arguments.methods:
            rows.append(explain_patient(number, cube, networks, method))
            print(rows[-1], file=sys.stderr, flush=True)
    header = ("method", "worst imbalance", "worst randomised", "chance inside")
    header += ("inside", "above untrained", "on FLAIR", "above untrained")
    print(table(f"{arguments.patients} simulated patients", header, list(summarise(rows))))
    if arguments.out:
        write_json(arguments.out, {"argv": sys.argv, "rows": [asdict(row) for row in rows]})


if __name__ == "__main__":
    main()
