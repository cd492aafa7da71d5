"""Normalisation beside ANTsPy SyN with cross-correlation: overlap of 148 regions, folds, CPU seconds.

    python benchmarks/normalisation.py all --work DIR [--heads 12] [--ants-python PYTHON]

Same heads (IXI, 2 mm), same masks (closed label maps), same bias correction, same template grid (2 mm), one
thread, one process for each head and engine. Every head's label map is warped to the template; the truth of a
region is the majority vote of the *other* heads of the same engine; the score of a head is its mean Dice over
regions. Finished heads are kept in DIR, so that a run can be stopped and taken up again.

ANTsPy (extra ``bench``) may live in another environment, named with ``--ants-python``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

HEADS_DEFAULT = 12
SEED = 1
ENGINES = ("greedy", "ants")
ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Parse the command line and run one step, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("step", choices=["all", "prepare", "score", *ENGINES])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--heads", type=int, default=HEADS_DEFAULT)
    parser.add_argument("--head", help="one head (steps greedy and ants)")
    parser.add_argument("--ants-python", default=sys.executable)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.step in ENGINES:
        {"greedy": run_greedy, "ants": run_ants}[options.step](options.work, options.head)
    elif options.step == "prepare":
        prepare(options.work, options.heads)
    elif options.step == "score":
        score(options.work)
    else:
        run_all(options)


def run_all(options: argparse.Namespace) -> None:
    """Prepare, run both engines head by head, and score what is there."""
    heads = prepare(options.work, options.heads)
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
        "ANTS_RANDOM_SEED": str(SEED),
    }
    for head in heads:
        for engine in ENGINES:
            if (options.work / f"{engine}_{head}.json").exists():
                continue
            python = options.ants_python if engine == "ants" else sys.executable
            command = [python, __file__, engine, "--work", str(options.work), "--head", head]
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    score(options.work)


def prepare(work: Path, count: int) -> list[str]:
    """Write brain, mask and labels of evenly chosen heads, and the template, all in RAS."""
    from scipy import ndimage

    from bidsapp.images.bias import correct_bias
    from bidsapp.images.checks import check_image
    from bidsapp.images.grids import to_closest_ras
    from bidsapp.images.templates import load_template
    from bidsapp.images.volume import write_volume

    data = Path(os.environ.get("BIDSAPP_REALDATA", ROOT.parent / "shared" / "data")) / "ixi"
    names = sorted(p.name for p in data.glob("sub-*"))
    chosen = [names[i] for i in np.linspace(4, len(names) - 4, count).astype(int)]
    write_volume(work / "template.nii.gz", load_template(2)[0])
    for head in chosen:
        if (work / f"{head}_brain.nii.gz").exists():
            continue
        labels = data / "derivatives" / "dlmuse" / head / "anat" / f"{head}_seg-muse_dseg.nii.gz"
        t1w = to_closest_ras(check_image(data / head / "anat" / f"{head}_T1w.nii.gz")[0])
        dseg = to_closest_ras(check_image(labels)[0])
        padded = np.pad(dseg.data > 0, 6)
        closed = ndimage.binary_closing(padded, iterations=4)[6:-6, 6:-6, 6:-6]
        mask = t1w.with_data(ndimage.binary_fill_holes(closed))
        brain = correct_bias(t1w, mask).corrected
        scale = np.median(brain.data[mask.data > 0])
        ceiling = np.percentile(brain.data[mask.data > 0], 99.9)
        write_volume(work / f"{head}_mask.nii.gz", mask, dtype=np.uint8)
        write_volume(work / f"{head}_dseg.nii.gz", t1w.with_data(dseg.data), dtype=np.uint8)
        stripped = np.clip(brain.data, 0, ceiling) * mask.data / scale
        write_volume(work / f"{head}_brain.nii.gz", brain.with_data(stripped))
    return chosen


def run_greedy(work: Path, head: str) -> None:
    """Normalise one head as the app does."""
    from bidsapp.images.grids import resample
    from bidsapp.images.normalise import Channel, normalise
    from bidsapp.images.volume import read_volume, write_volume

    template, brain = read_volume(work / "template.nii.gz"), read_volume(work / f"{head}_brain.nii.gz")
    mask, labels = (read_volume(work / f"{head}_{n}.nii.gz") for n in ("mask", "dseg"))
    begin = cpu_seconds()
    found = normalise([Channel(template, brain)], mask)
    seconds = cpu_seconds() - begin
    warped = resample(labels, template.grid, interpolation="nearest", transform=found.to_template())
    write_volume(work / f"greedy_{head}_dseg.nii.gz", warped, dtype=np.uint8)
    np.save(work / f"greedy_{head}_warp.npy", found.warp.astype(np.float32))
    note(work, "greedy", head, seconds)


def run_ants(work: Path, head: str) -> None:
    """Normalise one head with ANTsPy's preset for cross-correlation, ``SyNCC``."""
    import ants

    template, brain = (ants.image_read(str(work / n)) for n in ("template.nii.gz", f"{head}_brain.nii.gz"))
    labels = ants.image_read(str(work / f"{head}_dseg.nii.gz"))
    begin = cpu_seconds()
    prefix = str(work / f"ants_{head}_")
    found = ants.registration(template, brain, "SyNCC", outprefix=prefix, random_seed=SEED)
    seconds = cpu_seconds() - begin
    warped = ants.apply_transforms(template, labels, found["fwdtransforms"], interpolator="nearestNeighbor")
    ants.image_write(warped, str(work / f"ants_{head}_dseg.nii.gz"))
    note(work, "ants", head, seconds)


def note(work: Path, engine: str, head: str, seconds: float) -> None:
    """Keep what one head took."""
    row = {"engine": engine, "head": head, "cpu_seconds": seconds}
    (work / f"{engine}_{head}.json").write_text(json.dumps(row))


def folded_voxels(work: Path, engine: str, head: str) -> int:
    """Count voxels of the template grid where an engine's warp has a determinant at or below 0."""
    import SimpleITK as sitk  # noqa: N813

    from bidsapp.images.templates import template_grid
    from bidsapp.images.warp import field_from_itk, jacobian_determinant

    if engine == "greedy":
        field = np.load(work / f"greedy_{head}_warp.npy").astype(np.float64)
    else:
        field = field_from_itk(sitk.ReadImage(str(work / f"ants_{head}_1Warp.nii.gz")))
    return int((jacobian_determinant(field, template_grid(2)) <= 0).sum())


def cpu_seconds() -> float:
    """Give user and system seconds of this process and its children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usages)


def score(work: Path) -> None:
    """Print the comparison over the heads that both engines finished, and keep it as JSON."""
    rows = {
        e: {p.stem.split("_", 1)[1]: json.loads(p.read_text()) for p in work.glob(f"{e}_*.json")}
        for e in ENGINES
    }
    heads = sorted(set(rows["greedy"]) & set(rows["ants"]))
    if len(heads) < 3:
        sys.exit(f"only {len(heads)} heads are finished by both engines; run the step all.")
    overlap = {e: vote_overlap([labels_of(work, e, h) for h in heads]) for e in ENGINES}
    means = {e: overlap[e].mean(axis=1) for e in ENGINES}
    gain = means["greedy"] - means["ants"]
    draws = np.random.default_rng(SEED).integers(0, len(heads), (10_000, len(heads)))
    low, high = np.percentile(gain[draws].mean(axis=1), [2.5, 97.5])
    result = {
        "heads": heads,
        "regions": int(overlap["ants"].shape[1]),
        "gain": float(gain.mean()),
        "gain_interval": [float(low), float(high)],
    }
    for engine in ENGINES:
        cpu = [rows[engine][h]["cpu_seconds"] for h in heads]
        result[engine] = {
            "dice": float(means[engine].mean()),
            "cpu_seconds": float(np.mean(cpu)),
            "folded": sum(folded_voxels(work, engine, h) for h in heads),
        }
    result["cpu_ratio"] = result["greedy"]["cpu_seconds"] / result["ants"]["cpu_seconds"]
    (work / "score.json").write_text(json.dumps(result, indent=2))
    print(json.dumps(result, indent=2))


def labels_of(work: Path, engine: str, head: str) -> np.ndarray:
    """Read a warped label map."""
    import nibabel as nib

    return np.asarray(nib.load(work / f"{engine}_{head}_dseg.nii.gz").dataobj).astype(np.uint8)


def vote_overlap(maps: list[np.ndarray]) -> np.ndarray:
    """Give Dice, shape ``(heads, regions)``, of each map against the majority vote of the others."""
    inside = np.any([m > 0 for m in maps], axis=0)
    stack = np.stack([m[inside] for m in maps])
    names = np.unique(stack)
    best = (stack == 0).sum(axis=0) - (stack == 0)
    winner = np.zeros_like(stack)
    for name in names[names > 0]:
        here = stack == name
        votes = here.sum(axis=0) - here
        better = votes > best
        best[better], winner[better] = votes[better], name
    size = int(names.max()) + 1
    scores = []
    for own, vote in zip(stack, winner, strict=True):
        both = np.bincount(own[own == vote], minlength=size)
        scores.append(
            2 * both / np.maximum(np.bincount(own, minlength=size) + np.bincount(vote, minlength=size), 1)
        )
    return np.asarray(scores)[:, names[names > 0]]


if __name__ == "__main__":
    main()
