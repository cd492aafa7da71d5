"""Normalisation beside ANTsPy SyN with cross-correlation: overlap of 148 regions, folds, CPU seconds.

    bidsapp DATA/ixi OUT participant --analysis brain
    python benchmarks/normalisation.py all --derivatives OUT --work DIR [--heads 10] [--ants-python PYTHON]

The app's side is what the app wrote into OUT: its transforms, and the CPU seconds in its status files. ANTs
gets the app's own bias-corrected T1w and brain mask of the same heads, the same template grid (2 mm) and one
thread. Heads that trained the brain network are left out. Every head's label map is warped to the template;
the truth of a region is the majority vote of the *other* heads of the same engine; the score of a head is its
mean Dice over regions. Finished heads are kept in DIR: a run can be stopped and taken up again.

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

SEED = 1
ENGINES = ("bidsapp", "ants")
ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("BIDSAPP_REALDATA", ROOT.parent / "shared" / "data")) / "ixi"
NORMALISE = "normalise"


def main() -> None:
    """Parse the command line and run one step, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("step", choices=["all", "prepare", "ants", "score"])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--derivatives", type=Path, help="what bidsapp wrote (steps all and prepare)")
    parser.add_argument("--heads", type=int, default=10)
    parser.add_argument("--head", help="one head (step ants)")
    parser.add_argument("--ants-python", default=sys.executable)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.step == "ants":
        run_ants(options.work, options.head)
    elif options.step == "score":
        score(options.work)
    else:
        heads = prepare(options.derivatives, options.work, options.heads)
        if options.step == "all":
            run_all(options.work, heads, options.ants_python)


def run_all(work: Path, heads: list[str], python: str) -> None:
    """Run ANTs head by head, and score what is there."""
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
        "ANTS_RANDOM_SEED": str(SEED),
    }
    for head in heads:
        if not (work / f"ants_{head}.json").exists():
            command = [python, __file__, "ants", "--work", str(work), "--head", head]
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    score(work)


def prepare(derivatives: Path, work: Path, count: int) -> list[str]:
    """Take the app's results of heads that the network has not seen, and write what ANTs needs."""
    from bidsapp.images.templates import load_template
    from bidsapp.images.volume import read_volume, write_volume

    bundle = ROOT / "bidsapp" / "data" / "bundles" / "brain" / "configs" / "metadata.json"
    unseen = [f"sub-{name}" for name in json.loads(bundle.read_text())["held_out_subjects"]]
    heads = [h for h in unseen if list((derivatives / h / "anat").glob("*to-MNI*_xfm.h5"))][:count]
    write_volume(work / "template.nii.gz", load_template(2)[0])
    for head in heads:
        if (work / f"bidsapp_{head}.json").exists():
            continue
        anat = derivatives / head / "anat"
        t1w = read_volume(anat / f"{head}_desc-preproc_T1w.nii.gz")
        mask = read_volume(anat / f"{head}_desc-brain_mask.nii.gz")
        write_volume(work / f"{head}_brain.nii.gz", t1w.with_data(t1w.data * (mask.data > 0.5)))
        warp_labels(anat / f"{head}_from-T1w_to-MNI152NLin2009cAsym_mode-image_xfm.h5", work, head)
        note(work, "bidsapp", head, spent(derivatives, head))
    return heads


def warp_labels(transform: Path, work: Path, head: str) -> None:
    """Bring a head's label map to the template with the app's transform, and keep the warp itself."""
    import SimpleITK as sitk  # noqa: N813

    from bidsapp.images.checks import check_image
    from bidsapp.images.grids import resample
    from bidsapp.images.templates import template_grid
    from bidsapp.images.transform_file import read_transform
    from bidsapp.images.volume import write_volume

    read = read_transform(transform)
    labels = check_image(DATA / "derivatives" / "dlmuse" / head / "anat" / f"{head}_seg-muse_dseg.nii.gz")[0]
    warped = resample(labels, template_grid(2), interpolation="nearest", transform=read)
    write_volume(work / f"bidsapp_{head}_dseg.nii.gz", warped, dtype=np.uint8)
    write_volume(work / f"{head}_dseg.nii.gz", labels, dtype=np.uint8)
    parts = sitk.CompositeTransform(read)
    for number in range(parts.GetNumberOfTransforms()):
        part = parts.GetNthTransform(number)
        if not part.IsLinear():
            field = sitk.DisplacementFieldTransform(part).GetDisplacementField()
            sitk.WriteImage(field, str(work / f"bidsapp_{head}_1Warp.nii.gz"))


def spent(derivatives: Path, head: str) -> float:
    """Give the CPU seconds of the app's normalisation from its status file."""
    status = json.loads(next((derivatives / "logs" / head).rglob("status.json")).read_text())
    return sum(s["cpu_seconds"] for s in status["steps"] if s["name"].endswith(NORMALISE))


def run_ants(work: Path, head: str) -> None:
    """Normalise one head with ANTsPy's SyN: its defaults, but cross-correlation of radius 4 as the metric.

    The preset ``SyNCC`` iterates more; on one head it had not ended after 700 CPU seconds.
    """
    import ants

    template, brain = (ants.image_read(str(work / n)) for n in ("template.nii.gz", f"{head}_brain.nii.gz"))
    labels = ants.image_read(str(work / f"{head}_dseg.nii.gz"))
    begin = cpu_seconds()
    found = ants.registration(
        template,
        brain,
        "SyN",
        syn_metric="CC",
        syn_sampling=4,
        outprefix=str(work / f"ants_{head}_"),
        random_seed=SEED,
    )
    seconds = cpu_seconds() - begin
    warped = ants.apply_transforms(template, labels, found["fwdtransforms"], interpolator="nearestNeighbor")
    ants.image_write(warped, str(work / f"ants_{head}_dseg.nii.gz"))
    note(work, "ants", head, seconds)


def note(work: Path, engine: str, head: str, seconds: float) -> None:
    """Keep what one head took."""
    row = {"engine": engine, "head": head, "cpu_seconds": seconds}
    (work / f"{engine}_{head}.json").write_text(json.dumps(row))


def folded_voxels(work: Path, engine: str, head: str) -> int:
    """Count voxels where an engine's warp has a determinant at or below 0."""
    import SimpleITK as sitk  # noqa: N813

    from bidsapp.images.volume import Grid, from_sitk
    from bidsapp.images.warp import field_from_itk, jacobian_determinant

    image = sitk.ReadImage(str(work / f"{engine}_{head}_1Warp.nii.gz"))
    affine = from_sitk(sitk.VectorIndexSelectionCast(image, 0)).affine
    return int((jacobian_determinant(field_from_itk(image), Grid(image.GetSize(), affine)) <= 0).sum())


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
    heads = sorted(set(rows["bidsapp"]) & set(rows["ants"]))
    if len(heads) < 3:
        sys.exit(f"only {len(heads)} heads are finished by both engines; run the step all.")
    overlap = {e: vote_overlap([labels_of(work, e, h) for h in heads]) for e in ENGINES}
    means = {e: overlap[e].mean(axis=1) for e in ENGINES}
    gain = means["bidsapp"] - means["ants"]
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
    result["cpu_ratio"] = result["bidsapp"]["cpu_seconds"] / result["ants"]["cpu_seconds"]
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
