"""What training of the default coma recipe costs by number of patients, and what scoring one patient costs.

    python benchmarks/coma_training.py [--whole 50] [--sizes 50 100 200] [--session OUT] --out FILE.json

SIMULATED patients with ten modalities as training sees them after preprocessing: regional means of nine
images (134 regions), and resting-state signals of the atlas' 120 grey regions. Only the 22 of them that the
simulator gives can tell anything; the others are noise of the same kind, which costs the same. Each part
runs in a process of its own, whose peak memory counts the simulation, too.

- ``--whole`` patients: the recipe as it is; seconds of each stage, and of each model in all of them.
- ``--sizes``: one fit and prediction of each model on four fifths of the patients. All training is such fits,
  as many whatever the size: the seconds of a size are those of the whole training, each model's multiplied
  by how much longer its one fit takes, the rest by the number of patients. They are PROJECTED, and so is what
  a power law through them says of 500.
- ``--session``: a folder of bidsapp with a preprocessed session, which the bundle scores in a fresh process.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from coma_training_parts import MODEL, Costs, one_fits, score_session, whole
from scale_cost import Cost, measure

from bidsapp.files import write_json

WHOLE, SIZES, FAR = 50, (50, 100, 200), 500


def main() -> None:
    """Measure, project, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--whole", type=int, default=WHOLE)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--session", type=Path, help="derivatives of a session, to be read and scored")
    parser.add_argument("--part", choices=["whole", "fits", "score"], help=argparse.SUPPRESS)
    parser.add_argument("--bundle", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.part:
        work(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "coma"
        told, cost = run(options, "whole", "--whole", options.whole, "--bundle", bundle)
        fits = {size: run(options, "fits", "--sizes", size)[0] for size in {options.whole, *options.sizes}}
        found = {"whole": told, "cost": vars(cost), "fits": fits, "projected": project(told, fits)}
        if options.session:
            words = ("--session", options.session, "--bundle", bundle)
            found["score"], cost = run(options, "score", *words)
            found["score_process"] = vars(cost)
    write_json(options.out, {"argv": sys.argv[1:], **found})
    print(json.dumps(found, indent=1))


def work(options: argparse.Namespace) -> None:
    """Do one part in this process, and write what was seen."""
    if options.part == "whole":
        found = whole(options.whole, options.bundle)
    elif options.part == "fits":
        found = one_fits(options.sizes[0])
    else:
        found = score_session(options.session, options.bundle)
    write_json(options.out, found)


def run(options: argparse.Namespace, part: str, *words: object) -> tuple[Costs, Cost]:
    """Do one part in a fresh process; give what it wrote, and what it cost."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "part.json"
        cost = measure(
            [sys.executable, __file__, "--part", part, "--out", out, *(str(word) for word in words)]
        )
        found: Costs = json.loads(out.read_text(encoding="utf-8"))
    print(part, *words, cost, flush=True)
    return found, cost


def project(known: Costs, fits: dict[int, Costs]) -> Costs:
    """Give the seconds of training for each size, and for 500 by the power law through them."""
    patients = int(known["patients"])
    models = {name.removeprefix(MODEL): cost for name, cost in known.items() if name.startswith(MODEL)}
    rest = known["training"] - sum(models.values())
    sizes = sorted(fits)
    seconds = [
        rest * size / patients
        + sum(cost * fits[size][name] / fits[patients][name] for name, cost in models.items())
        for size in sizes
    ]
    power, start = np.polyfit(np.log(sizes), np.log(seconds), 1)
    found = {f"{size} patients": cost for size, cost in zip(sizes, seconds, strict=True)}
    return {**found, "power": float(power), f"{FAR} patients": float(np.exp(start) * FAR**power)}


if __name__ == "__main__":
    main()
