"""Seconds and memory of one patient, four contrasts at 1 mm: our inference beside nnU-Net's default network.

    python benchmarks/ms_speed.py [--threads 2] [--size 144 180 144]

Each row is a fresh process with the same input and threads; its peak of memory counts all of it. Time is
that of inference alone. Neither depends on grey values or weights, so the input is noise in an ellipsoid and
the weights are random. Ours: windows of 80, half overlapping, in bfloat16, as the app does. nnU-Net: the
network that it plans for such images (3d_fullres: six stages of 32 to 320 features, patch of 128, instance
normalisation; MONAI's DynUNet), half overlapping, in float32 as on any CPU; then in our precision and memory
layout. nnU-Net also mirrors along all axes unless it is told not to: that is eight times its seconds here.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from monai.inferers import sliding_window_inference
from monai.networks.nets import DynUNet
from numpy.typing import NDArray
from torch import Tensor, nn

from bidsapp.analyses.ms.channels import CONTRASTS
from bidsapp.analyses.ms.drawing import draw_outputs
from bidsapp.analyses.ms.networks import Trained
from bidsapp.images.volume import Volume
from bidsapp.learning.calibration.scaling import Scaling
from bidsapp.networks.lesions import lesion_network

WINDOW, PATCH = 80, 128
Patient = tuple[dict[str, Volume], NDArray[np.bool_]]


def make_patient(size: tuple[int, int, int]) -> Patient:
    """Give four contrasts (white matter = 1, 0 outside of the brain) and the brain."""
    axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in size), indexing="ij")
    brain = sum(axis**2 for axis in axes) < 1
    rng = np.random.default_rng(0)
    grey = {name: rng.normal(1, 0.2, size).astype(np.float32) * brain for name in CONTRASTS}
    return {name: Volume(data, np.eye(4)) for name, data in grey.items()}, brain


def ours(patient: Patient, networks: int) -> None:
    """Read a patient with an ensemble as the app does."""
    trained = Trained(
        networks=tuple(lesion_network().eval() for _ in range(networks)),
        scaling=Scaling(),
        threshold=0.5,
        confidence_limit=0.0,
        window=WINDOW,
        synthesis=False,
    )
    for output in draw_outputs(trained, *patient, "cpu"):
        assert output.lesion.shape == patient[1].shape


def nnunet(patient: Patient, *, like_ours: bool) -> None:
    """Read a patient with nnU-Net's network, in float32 or with the means by which ours is fast."""
    images = torch.from_numpy(np.stack([volume.data for volume in patient[0].values()]))[None]
    layout = torch.channels_last_3d if like_ours else torch.contiguous_format
    network = planned_network(len(CONTRASTS)).eval().to(memory_format=layout)

    def look(patch: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=like_ours):
            seen: Tensor = network(patch.contiguous(memory_format=layout))
        return seen.float()

    with torch.inference_mode():
        output = sliding_window_inference(images, [PATCH] * 3, 1, look, overlap=0.5, mode="gaussian")
    assert output.shape[2:] == patient[1].shape


def planned_network(contrasts: int) -> nn.Module:
    """Build the network of nnU-Net's plan for 1 mm brains: lesion and background out of some contrasts."""
    network: nn.Module = DynUNet(
        spatial_dims=3,
        in_channels=contrasts,
        out_channels=2,
        kernel_size=[3] * 6,
        strides=[1, 2, 2, 2, 2, 2],
        upsample_kernel_size=[2] * 5,
        filters=[32, 64, 128, 256, 320, 320],
        norm_name=("instance", {"affine": True}),
        act_name=("leakyrelu", {"inplace": True, "negative_slope": 0.01}),
        deep_supervision=False,
    )
    return network


WAYS: dict[str, Callable[[Patient], None]] = {
    "ours, 1 network": lambda patient: ours(patient, 1),
    "ours, 3 networks": lambda patient: ours(patient, 3),
    "nnU-Net 3d_fullres": lambda patient: nnunet(patient, like_ours=False),
    "nnU-Net 3d_fullres, bfloat16": lambda patient: nnunet(patient, like_ours=True),
}


def measure(way: str, size: tuple[int, int, int], threads: int) -> dict[str, float]:
    """Read a patient in this process: seconds by the clock, seconds of the processor, peak of memory."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    patient = make_patient(size)
    begun, worked = time.perf_counter(), time.process_time()
    WAYS[way](patient)
    return {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - worked,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
    }


def main() -> None:
    """Measure each way in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, nargs=3, default=(144, 180, 144), help="voxels of 1 mm")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--way", choices=WAYS, help="only this one")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        print(json.dumps(measure(options.way, tuple(options.size), options.threads)))
        return
    size = [str(n) for n in options.size]
    print(f"{' x '.join(size)} mm, {len(CONTRASTS)} contrasts, {options.threads} threads")
    print(f"{'':32}{'seconds':>10}{'CPU s':>10}{'peak GiB':>10}", flush=True)
    for way in [options.way] if options.way else WAYS:
        call = [sys.executable, __file__, "--here", "--way", way, "--threads", str(options.threads)]
        done = subprocess.run([*call, "--size", *size], check=True, capture_output=True, text=True)
        row = json.loads(done.stdout.splitlines()[-1])
        print(f"{way:32}{row['seconds']:10.1f}{row['cpu_seconds']:10.1f}{row['peak_gib']:10.2f}", flush=True)


if __name__ == "__main__":
    main()
