"""What the benchmarks on real and simulated patients share: their options, drawing of controls, fitting."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from anomaly_comparison import LEARNED, families
from anomaly_methods import BASELINES, SCORES, Family, Heads

from bidsapp.analyses.anomaly.train import one_session_each
from bidsapp.bids.cohort import read_cohort
from bidsapp.cohort import Member


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the controls and the methods, with the names of ``anomaly_comparison.py``."""
    parser.add_argument("derivatives", type=Path, help="preprocessed controls")
    parser.add_argument("--bids-dir", type=Path, help="their raw dataset, for age and sex")
    parser.add_argument("--controls", help="query on the covariates")
    parser.add_argument("--train", type=int, default=1000, help="controls that are fitted, at most")
    parser.add_argument("--methods", nargs="*", default=["plain intensity", *BASELINES, *LEARNED])
    parser.add_argument("--scores", nargs="*", default=[*SCORES, "reconstruction"])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--score-fwhm", type=float, default=4.0)
    parser.add_argument("--folder", type=Path, default=Path("anomaly-comparison-training"))
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--out", type=Path, help="JSON of all results")


def draw_controls(arguments: argparse.Namespace, *groups: int) -> list[list[Member]]:
    """Draw groups of left-out controls of the given sizes; the last list holds those that are fitted.

    Raises
    ------
    SystemExit
        Fewer than 20 would be left to fit.
    """
    cohort = read_cohort([arguments.derivatives], bids_dir=arguments.bids_dir, controls=arguments.controls)
    members = one_session_each(cohort)
    order = np.random.default_rng(arguments.seed).permutation(len(members))
    ends = np.cumsum(groups)
    parts = [sorted(part.tolist()) for part in np.split(order, ends)]
    parts[-1] = sorted(order[sum(groups) :][: arguments.train].tolist())
    if len(parts[-1]) < 20:
        raise SystemExit(f"{len(parts[-1])} of {len(members)} controls are left to fit; 20 are needed.")
    return [[members[i] for i in part] for part in parts]


def fitted(arguments: argparse.Namespace, controls: Heads) -> Iterator[Family]:
    """Fit the methods one after the other; only one family is in memory at a time."""
    for name in arguments.methods:
        yield from families(name, controls, arguments)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align rows of text under a title; the first column is left-aligned."""
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    lines = []
    for row in (columns, *rows):
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *cells[1:]]))
    return "\n".join([f"\n{title}", *lines])
