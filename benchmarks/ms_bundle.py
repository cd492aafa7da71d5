"""Train the packaged bundle of the lesion network, as it was trained.

    python benchmarks/ms_bundle.py CONTROLS PATIENTS --masks MANUAL --outlines FOLDER --backgrounds LONG \
        --start OLD --out BUNDLE [--measured FOLDER]

CONTROLS are the preprocessed IXI heads, of which 15 (drawn by the seed) are left out for measurements;
PATIENTS the preprocessed openms-mni, who calibrate alone; MANUAL their manual masks; FOLDER the consensus
masks of 27 further people (openms-masks), whose outlines are moved into the controls; LONG the preprocessed
openms-long, on whose scans lesions are simulated too; OLD the bundle of version 0.2.0, from whose weights it
goes on (``bidsapp/data/bundles/ms-lesion`` at commit a6e2673). A training that was killed goes on when the
same command is given again; given again with FOLDER, which holds what the other benchmarks measured of the
bundle, it writes that into its metadata (:mod:`ms_packaging`).
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))
from ms_packaging import finish, read_simulated

from bidsapp.analyses.ms import ANALYSIS
from bidsapp.analyses.ms.heads import read_head
from bidsapp.analyses.ms.material import stack_outlines
from bidsapp.analyses.ms.patients import read_patient
from bidsapp.analyses.ms.train import train
from bidsapp.bids.cohort import read_cohort
from bidsapp.bids.masks import add_masks
from bidsapp.cohort import Cohort, Member
from bidsapp.images.grids import resample
from bidsapp.images.templates import template_grid
from bidsapp.images.volume import read_volume
from bidsapp.recipe import Recipe

HELD_OUT = 15
RECIPE = ANALYSIS.recipe.with_name("ms-packaged.toml")
SCANS = {"T1w", "T2w", "FLAIR"}


def held_out(subjects: Sequence[str]) -> frozenset[str]:
    """Draw the healthy heads that no training sees."""
    return frozenset(random.Random("0-held-out").sample(sorted(subjects), HELD_OUT))


def further_outlines(folder: Path) -> dict[str, Tensor]:
    """Bring consensus masks in FSL's MNI space onto the template's grid (the spaces agree to a few mm)."""
    return {
        path.name.partition("_")[0]: torch.from_numpy(
            (resample(read_volume(path), template_grid(1), interpolation="nearest").data >= 0.5).astype(
                "uint8"
            )
        )
        for path in sorted(folder.glob("sub-*_mask.nii.gz"))
    }


def as_control(member: Member) -> Member:
    """Mark a head as healthy, in the words of ``--controls``."""
    return replace(member, covariates={**member.covariates, "healthy": 1.0})


def main() -> None:
    """Train and write the bundle."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("controls", type=Path)
    parser.add_argument("patients", type=Path)
    parser.add_argument("--masks", type=Path, required=True)
    parser.add_argument("--outlines", type=Path, required=True)
    parser.add_argument("--backgrounds", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--measured", type=Path, help="JSON files of the other benchmarks")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    healthy = read_cohort([arguments.controls])
    out = held_out(healthy.subjects)
    heads = [member for member in healthy.members if member.subject not in out]
    patients = add_masks(read_cohort([arguments.patients]), [arguments.masks])
    outlines = further_outlines(arguments.outlines)
    bundle = train(
        Cohort((*(as_control(member) for member in heads), *patients.members)),
        Recipe.read("ms", ANALYSIS.recipe, arguments.recipe),
        arguments.out,
        seed=arguments.seed,
        controls="healthy == 1",
        packaged=arguments.start,
        outlines=outlines,
        backgrounds=[
            item for item in read_cohort([arguments.backgrounds]).members if set(item.native) >= SCANS
        ],
    )
    kept = arguments.out.with_name(f"{arguments.out.name}-training") / "heads"
    unseen = [read_head(member, kept) for member in healthy.members if member.subject in out]
    simulated = read_simulated(bundle, unseen, stack_outlines(outlines))
    marked = [read_patient(member) for member in patients.members]
    seen = [read_head(as_control(member), kept) for member in heads]
    bundle, limit = finish(bundle, simulated, marked, seen, stack_outlines(outlines), arguments.measured)
    print(bundle.path, limit.statement, sep="\n")


if __name__ == "__main__":
    main()
