"""Brain mask and tissues against published masks and labels, patients and heads left out of training.

One command measures every number that docs/methods-brain.md and the model card give:

    python benchmarks/brain_mask.py [--work FOLDER] [--quick]

It fine-tunes the base weights (benchmarks/weights, which saw no scan of openms) once for each patient of
openms-long, without that patient (some minutes each; kept in the work folder), and scores: the raw scans of
the patient left out, at their own resolution; 20 heads that no training saw; time; and how far
the two definitions of the border lie apart.
Data: $BIDSAPP_REALDATA or ../shared/data.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.brain import ANALYSIS
from bidsapp.analyses.brain.predict import segment
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort, Member
from bidsapp.files import write_json
from bidsapp.images.volume import Volume, from_sitk, read_volume, write_volume
from bidsapp.recipe import Recipe
from bidsapp.simulate.classes import TISSUE, head_classes

DATA = Path(os.environ.get("BIDSAPP_REALDATA", Path(__file__).parents[2] / "shared" / "data"))
BASE = Path(__file__).parent / "weights" / "brain_base.safetensors"
BAD_MASKS = {"sub-03"}  # its published mask cuts frontal and temporal cortex: scored, but never learned from
FINE_TUNING = {
    "steps": 300,
    "coarse_steps": 0,
    "clinical_from": 0,
    "clinical_share": 0.5,
    "real_share": 0.75,
    "learning_rate": 4e-4,
    "final_rate": 0.02,
    "average": 0.98,
}
SEED = 2026
Row = dict[str, str | float]


def native_mask(image: Path) -> Volume:
    """Bring the published brain mask from common space to a raw scan.

    The transforms resample scan -> FLAIR -> common space: each maps points of its target to points of its
    source, so the scan's points reach common space through their inverses, FLAIR's last.
    """
    import SimpleITK as sitk  # noqa: N813

    subject, session, name = image.name.removesuffix(".nii.gz").split("_")
    folder = DATA / "openms-long" / "derivatives" / "manual" / subject
    steps = [f"{session}_FLAIR_to_common_space.txt"]
    if name != "FLAIR":
        steps.append(f"{session}_{name.upper()}_to_FLAIR.txt")
    chain = sitk.CompositeTransform(3)
    for step in steps:  # the transform that is added last is applied first
        chain.AddTransform(sitk.ReadTransform(str(folder / step)).GetInverse())
    mask = sitk.ReadImage(str(folder / f"{subject}_space-common_desc-brain_mask.nii.gz"), sitk.sitkFloat32)
    moved = from_sitk(sitk.Resample(mask, sitk.ReadImage(str(image)), chain, sitk.sitkLinear, 0.0))
    return Volume((moved.data >= 0.5).astype(np.float32), read_volume(image).affine)


def scans() -> list[Path]:
    """List the raw scans of openms-long."""
    return sorted((DATA / "openms-long").glob("sub-*/ses-*/anat/*.nii.gz"))


def clinical_members(work: Path, without: str | None) -> Iterator[Member]:
    """Give the raw scans with their masks, one member for each scan."""
    for image in scans():
        subject, session, name = image.name.removesuffix(".nii.gz").split("_")
        if subject in {without, *BAD_MASKS}:
            continue
        mask = work / "masks" / image.name
        if not mask.exists():
            write_volume(mask, native_mask(image), dtype=np.uint8)
        yield Member(
            subject=f"openms{subject[4:]}", session=session[4:] + name, native={name: image, "mask": mask}
        )


def head_members(subjects: list[str]) -> Iterator[Member]:
    """Give heads of IXI with their label maps."""
    for subject in subjects:
        stem = f"sub-{subject}"
        dseg = DATA / "ixi" / "derivatives" / "dlmuse" / stem / "anat" / f"{stem}_seg-muse_dseg.nii.gz"
        yield Member(
            subject=subject, native={"T1w": DATA / "ixi" / stem / "anat" / f"{stem}_T1w.nii.gz", "dseg": dseg}
        )


def fine_tune(work: Path, without: str | None, packaged: Bundle) -> Bundle:
    """Let the base weights learn the clinical border from all patients but one."""
    from safetensors.torch import load_file

    from bidsapp.analyses.brain.train import Split, train

    path = work / ("all" if without is None or without in BAD_MASKS else f"without-{without}")
    if path.exists():
        return Bundle.read(path)
    start = {key: value.float() for key, value in load_file(BASE).items()}
    for key in ("final_conv.weight", "final_conv.bias"):
        start[key][5] = start[key][4]  # the clinical border starts from the labels' border
    split = Split(
        *(tuple(packaged.metadata[f"{key}_subjects"]) for key in ("training", "validation", "held_out"))
    )
    heads = head_members([*split.training, *split.validation])
    cohort = Cohort((*heads, *clinical_members(work, without)))
    recipe = Recipe("brain", {**Recipe.read("brain", ANALYSIS.recipe).values, **FINE_TUNING})
    bundle = train(cohort, recipe, path, seed=SEED, start=start, split=split)
    assert bundle is not None  # the recipe names one node
    return bundle


def dice(first: NDArray[np.generic], second: NDArray[np.generic]) -> float:
    """Overlap of two masks."""
    return float(2 * np.logical_and(first, second).sum() / (np.sum(first > 0) + np.sum(second > 0)))


def border_distance(
    first: NDArray[np.generic], second: NDArray[np.generic], voxel: NDArray[np.float64]
) -> float:
    """Mean signed distance (mm) of the first mask's surface from the second's; positive is outside."""
    from scipy import ndimage

    inside = second > 0
    outward, inward = (ndimage.distance_transform_edt(part, sampling=voxel) for part in (~inside, inside))
    surfaces = [mask & ~ndimage.binary_erosion(mask) for mask in (first > 0, inside)]
    moved, unmoved = (float((outward - inward)[surface].mean()) for surface in surfaces)
    return moved - unmoved


def score_scan(image: Path, bundle: Bundle) -> Row:
    """Score both borders on a raw scan."""
    volume, truth = read_volume(image), native_mask(image)
    start = time.process_time()
    clinical = segment(volume.data, volume.affine, bundle, definition="clinical")
    seconds = time.process_time() - start
    labels = segment(volume.data, volume.affine, bundle, definition="labels")
    return {
        "image": image.name,
        "clinical": dice(clinical.mask, truth.data),
        "labels": dice(labels.mask, truth.data),
        "distance_mm": border_distance(clinical.mask, labels.mask, volume.voxel_size),
        "volume_ratio": float(clinical.mask.sum() / labels.mask.sum()),
        "cpu_s": seconds,
    }


def score_head(member: Member, bundle: Bundle) -> Row:
    """Score mask and tissues on a labelled head."""
    volume = read_volume(member.native["T1w"])
    classes = head_classes(volume.data, read_volume(member.native["dseg"]).data.astype(np.uint8))
    brain, tissue = (classes > 0) & (classes < 13), TISSUE[classes]
    start = time.process_time()
    found = segment(volume.data, volume.affine, bundle, definition="labels")
    seconds = time.process_time() - start
    clinical = segment(volume.data, volume.affine, bundle, definition="clinical")
    best = np.argmax([found.gm, found.wm, found.csf], axis=0) + 1
    best[found.mask == 0] = 0
    return {
        "image": member.native["T1w"].name,
        "labels": dice(found.mask, brain),
        "clinical": dice(clinical.mask, brain),
        **{name: dice(best == key, tissue == key) for key, name in ((1, "GM"), (2, "WM"), (3, "CSF"))},
        "distance_mm": border_distance(clinical.mask, found.mask, volume.voxel_size),
        "volume_ratio": float(clinical.mask.sum() / found.mask.sum()),
        "cpu_s": seconds,
    }


def table(rows: list[Row]) -> str:
    """Lay out rows with mean and worst below."""
    columns = [key for key in rows[0] if key != "image"]
    lines = [f"{'image':32}" + "".join(f"{name:>14}" for name in columns)]
    lines += [f"{row['image']:32}" + "".join(f"{row[name]:14.4f}" for name in columns) for row in rows]
    for label, reduce in (("mean", np.mean), ("lowest", np.min), ("highest", np.max)):
        lines.append(
            f"{label:32}" + "".join(f"{reduce([row[name] for row in rows]):14.4f}" for name in columns)
        )
    return "\n".join(lines)


def score_stripped(bundle: Bundle) -> list[Row]:
    """Tell which share of the voxels of skull-stripped images (openms-mni) each mask keeps."""
    rows: list[Row] = []
    for image in sorted((DATA / "openms-mni").glob("sub-*/anat/*.nii.gz")):
        volume = read_volume(image)
        start = time.process_time()
        found = segment(volume.data, volume.affine, bundle)
        seconds = time.process_time() - start
        brain = volume.data > 0
        kept = float((found.mask * brain).sum() / brain.sum())
        rows.append({"image": image.name, "kept": kept, "dice": dice(found.mask, brain), "cpu_s": seconds})
    return rows


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work", type=Path, default=Path("out") / "benchmark-brain", help="folder for bundles"
    )
    parser.add_argument("--bundle", type=Path, default=ANALYSIS.bundle, help="bundle for the held-out heads")
    parser.add_argument("--train", metavar="PATIENT", help="only fine-tune without this patient (or 'none')")
    parser.add_argument("--quick", action="store_true", help="three heads only, and no patient")
    options = parser.parse_args()
    bundle = Bundle.read(options.bundle)
    if options.train:
        print(fine_tune(options.work, None if options.train == "none" else options.train, bundle).path)
        return
    held_out = list(bundle.metadata["held_out_subjects"])[: 3 if options.quick else None]
    heads = [score_head(member, bundle) for member in head_members(held_out)]
    print(f"Held-out heads (Dice; CPU seconds)\n{table(heads)}\n", flush=True)
    if options.quick:
        return
    stripped = score_stripped(bundle)
    print(f"Skull-stripped images (share kept, Dice)\n{table(stripped)}\n", flush=True)
    patients = sorted({image.name.split("_")[0] for image in scans()})
    folds = {patient: fine_tune(options.work, patient, bundle) for patient in patients}
    rows = [score_scan(image, folds[image.name.split("_")[0]]) for image in scans()]
    print(f"Raw scans, patient left out (Dice; CPU seconds)\n{table(rows)}")
    good = [float(row["clinical"]) for row in rows if str(row["image"])[:6] not in BAD_MASKS]
    print(f"\nRaw scans with a right outline: mean Dice {np.mean(good):.4f}, lowest {min(good):.4f}")
    overall = [float(row["labels"]) for row in heads] + [float(row["clinical"]) for row in rows]
    print(f"\nAll, own definition: mean Dice {np.mean(overall):.4f}, lowest {min(overall):.4f}")
    write_json(options.work / "brain_mask.json", {"heads": heads, "scans": rows, "stripped": stripped})


if __name__ == "__main__":
    main()
