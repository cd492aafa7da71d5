"""The program ``bidsapp-sample``: write a small simulated BIDS dataset to try the app on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bidsapp import __version__
from bidsapp.cli.boundary import run_program
from bidsapp.errors import ExitCode


def make_parser() -> argparse.ArgumentParser:
    """Describe the command line of ``bidsapp-sample``."""
    parser = argparse.ArgumentParser(
        prog="bidsapp-sample",
        description="Write a small, valid BIDS dataset of SIMULATED heads (controls, and patients with "
        "lesions of known place) to try the app on. It shows no person. Research use only.",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="new or empty folder to write into")
    parser.add_argument(
        "--subjects",
        nargs="+",
        metavar="LABEL",
        help="subjects to write, such as control01 patient01; default: all seven",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="same seed, same bytes (default: %(default)s)"
    )
    parser.add_argument(
        "--voxel-size",
        type=float,
        default=1.5,
        metavar="MM",
        help="edge of a T1w voxel in mm, 0.8 to 4 (default: %(default)s)",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    argv : sequence of str, optional
        Words of the command line without the program's name; by default those of the process.

    Returns
    -------
    int
        Exit code; see :func:`bidsapp.cli.boundary.run_program`.
    """
    return run_program("bidsapp-sample", lambda: _write(argv))


def _write(argv: Sequence[str] | None) -> int:
    options = make_parser().parse_args(argv)
    from bidsapp.simulate.sample import write_sample

    images = write_sample(
        options.folder, subjects=options.subjects, seed=options.seed, voxel_size=options.voxel_size
    )
    print(f"{len(images)} simulated images written to {options.folder}; they show no person.")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
