"""The T1w after gadolinium, synthesised and real, in patients left out, beside two trivial answers.

    python benchmarks/ms_synthesis.py --patients OUT --masks MANUAL --bundle BUNDLE --cache FOLDER

OUT is openms-mni as preprocessed by the app, the only patients with both images; their network is that of
the fold that left them out. The trivial answers: the T1w before (``before``), and this times a factor plus a
constant, fitted to the other patient's brain (``linear``). Grey values are in units of white matter. SSIM
(Gaussian, 11 voxels, SD 1.5) is the mean over the brain's voxels, with the 99.9th percentile of the real
image as range; PSNR has the same peak. Errors are mean absolute differences: in the brain, in lesions, and
in vessels, taken to be the hundredth of the brain that gained most. ``expected`` is the error that the
network itself expects there. Two patients: each is printed.
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
from ms_networks import Networks
from ms_patients import Array, Case, Mask, add_options, add_patients, read_cases, write_rows

OURS = "synthesis"
VESSELS = 0.99
PEAK = 0.999
KERNEL, SIGMA = 11, 1.5


@dataclass(frozen=True)
class Row:
    """How near an image is to the real one; errors in units of white matter."""

    method: str
    patient: str
    ssim: float
    psnr: float
    brain: float
    lesions: float
    vessels: float
    expected_vessels: float | None


def ssim(image: Array, truth: Array, brain: Mask, peak: float) -> float:
    """Give the mean structural similarity over the brain (Wang et al. 2004), with MONAI's local values."""
    from monai.metrics.regression import compute_ssim_and_cs

    width, inner = (KERNEL,) * 3, slice(KERNEL // 2, -(KERNEL // 2))
    pair = (torch.from_numpy(np.ascontiguousarray(item))[None, None] for item in (image, truth))
    local, _ = compute_ssim_and_cs(*pair, 3, width, (SIGMA,) * 3, data_range=peak)
    return float(local[0, 0].numpy()[brain[inner, inner, inner]].mean())


def row(
    method: str, case: Case, image: Array, peak: float, vessels: Mask, expected: Array | None = None
) -> Row:
    """Compare an image with the real one."""
    image = image * case.brain
    wrong = np.abs(image - case.post)
    squared = float((wrong[case.brain].astype(np.float64) ** 2).mean())
    return Row(
        method=method,
        patient=case.subject,
        ssim=ssim(image, case.post, case.brain, peak),
        psnr=float(10 * np.log10(peak**2 / squared)),
        brain=float(wrong[case.brain].mean()),
        lesions=float(wrong[case.lesion].mean()),
        vessels=float(wrong[vessels].mean()),
        expected_vessels=None if expected is None else float(expected[vessels].mean()),
    )


def linear_map(cases: Sequence[Case]) -> tuple[float, float]:
    """Fit factor and constant from the T1w before to the one after, over the brains of some patients."""
    before = np.concatenate([case.images["T1w"][case.brain] for case in cases]).astype(np.float64)
    after = np.concatenate([case.post[case.brain] for case in cases]).astype(np.float64)
    factor, constant = np.polyfit(before, after, 1)
    return float(factor), float(constant)


def compare(case: Case, others: Sequence[Case], networks: Networks) -> list[Row]:
    """Measure the network and the trivial answers on one patient."""
    before = case.images["T1w"]
    gain = case.post - before
    vessels = case.brain & (gain >= np.quantile(gain[case.brain], VESSELS))
    peak = float(np.quantile(case.post[case.brain], PEAK))
    output = networks.read(networks.without(case.subject), case.subject, case.images, case.brain)
    rows = [
        row(OURS, case, np.maximum(before + output.change, 0), peak, vessels, output.scale),
        row("before", case, before, peak, vessels),
    ]
    if others:
        factor, constant = linear_map(others)
        image = (before * factor + constant).astype(np.float32)
        rows.append(row("linear", case, image, peak, vessels))
    return rows


def show(rows: Sequence[Row]) -> str:
    """Write the table."""
    columns = ("method", "patient", "SSIM", "PSNR dB", "brain", "lesions", "vessels", "(expected)")
    cells = [
        (
            item.method, item.patient, f"{item.ssim:.4f}", f"{item.psnr:.2f}", f"{item.brain:.4f}",
            f"{item.lesions:.4f}", f"{item.vessels:.4f}",
            "" if item.expected_vessels is None else f"{item.expected_vessels:.4f}",
        )
        for item in rows
    ]  # fmt: skip
    return table("T1w after gadolinium against the real one, patients left out", columns, cells)


def verdict(rows: Sequence[Row]) -> str:
    """Say whether the synthesis is better than both trivial answers, in all patients and by all measures."""
    ours = {item.patient: item for item in rows if item.method == OURS}
    lost = [
        f"{name} of {trivial.patient} ({trivial.method})"
        for trivial in rows
        if trivial.method != OURS
        for own in [ours[trivial.patient]]
        for name, sign in (("ssim", 1), ("psnr", 1), ("brain", -1), ("lesions", -1), ("vessels", -1))
        if sign * getattr(own, name) <= sign * getattr(trivial, name)
    ]
    return (
        f"Not better by: {', '.join(lost)}." if lost else "Better than both trivial answers by all measures."
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add_options(parser)
    add_patients(parser)
    arguments = parser.parse_args()
    cases = [case for case in read_cases(arguments) if case.post.any()]
    networks = Networks(arguments)
    rows: list[Row] = []
    for case in cases:
        rows += compare(case, [other for other in cases if other is not case], networks)
    print(show(rows), verdict(rows), sep="\n")
    write_rows(arguments.out, rows=[asdict(item) for item in rows])


if __name__ == "__main__":
    main()
