"""False lesions in healthy heads that no training saw: on T1w alone, and on simulated FLAIR.

    python benchmarks/ms_healthy.py OUT --held-out SUBJECT ... --bundle BUNDLE --cache FOLDER [--out FILE]

OUT are the preprocessed IXI heads. IXI's T1w are real; FLAIR is painted on the same head by the generator,
with its traps (bright caps, vessels, moving fluid), its noise and thick slices. Temperature and threshold are
those of the bundle. A healthy brain may hold white-matter hyperintensities of its age: T1w cannot tell.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from anomaly_fitting import table
from ms_networks import BASE, MODEL, Networks
from ms_patients import Array, Case, add_options, read_case, write_rows

from bidsapp.analyses.ms.heads import read_head
from bidsapp.analyses.ms.instances import find_instances
from bidsapp.bids.cohort import read_cohort
from bidsapp.cohort import Member
from bidsapp.simulate.sclerosis.anatomy import show
from bidsapp.simulate.sclerosis.examination import Severity, examine

SHOWN = (("T1w",), ("FLAIR",), ("T1w", "FLAIR"))
SHARPNESS = 2.0  # middle of what the generator draws


@dataclass(frozen=True)
class Row:
    """What a network marks in a healthy head."""

    network: str
    contrasts: str
    subject: str
    false_ml: float
    false_lesions: int


def simulated_flair(member: Member, kept: Path, seed: int) -> Array:
    """Paint a FLAIR of a healthy head, on the head's working grid."""
    head = read_head(member, kept)
    axes = [torch.arange(n, dtype=torch.float32) for n in head.t1w.shape]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    rng = np.random.default_rng(seed)
    anatomy = show(head, points, sharpness=SHARPNESS)
    seen = examine(rng, anatomy, None, Severity(healthy=1.0, some_active=0.0), ("FLAIR",))
    return np.asarray(seen.images["FLAIR"].numpy(), dtype=np.float32)


def look(case: Case, flair: Array, networks: Networks, name: str) -> list[Row]:
    """Read one head with each set of contrasts."""
    images = {"T1w": case.images["T1w"], "FLAIR": flair}
    rows = []
    for used in SHOWN:
        logit = networks.read(name, f"healthy-{case.subject}", images, case.brain, used).lesion
        labels = find_instances(networks.setting.mask(logit), 1.0)
        rows.append(
            Row(name, "+".join(used), case.subject, float((labels > 0).sum()) / 1000, int(labels.max()))
        )
    return rows


def summarise(rows: Sequence[Row]) -> str:
    """Give a line for each network and set of contrasts."""
    cells = []
    for network, contrasts in sorted({(item.network, item.contrasts) for item in rows}):
        own = [item for item in rows if (item.network, item.contrasts) == (network, contrasts)]
        volumes = [item.false_ml for item in own]
        low, high = _interval(volumes)
        numbers = [np.mean(volumes), low, high, np.median(volumes), max(volumes)]
        lesions = f"{np.mean([item.false_lesions for item in own]):.1f}"
        name = f"{network}, {contrasts}"
        cells.append((name, str(len(own)), *(f"{number:.3f}" for number in numbers), lesions))
    columns = ("network, contrasts", "heads", "mean ml", "95 % from", "to", "median", "most", "lesions")
    return table("False lesions in healthy heads (FLAIR is simulated)", columns, cells)


def _interval(values: Sequence[float], resamples: int = 2000) -> tuple[float, float]:
    """Give the 95 % interval of a mean over heads (bootstrap)."""
    draws = np.random.default_rng(0).integers(0, len(values), (resamples, len(values)))
    low, high = np.quantile(np.asarray(values)[draws].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("heads", type=Path, help="preprocessed healthy heads")
    parser.add_argument("--held-out", nargs="+", required=True, help="heads that no training saw")
    parser.add_argument("--networks", nargs="+", choices=(MODEL, BASE), default=[MODEL])
    add_options(parser)
    arguments = parser.parse_args()
    networks, rows = Networks(arguments), []
    members = read_cohort([arguments.heads], participant_label=arguments.held_out).members
    for seed, member in enumerate(members):
        case = read_case(member, arguments.crop)
        flair = simulated_flair(member, arguments.cache / "heads", seed)[case.box]
        for name in arguments.networks:
            rows += look(case, flair, networks, name)
        write_rows(arguments.out, rows=[asdict(item) for item in rows])
    print(summarise(rows))


if __name__ == "__main__":
    main()
