"""One-class machines on real voxels against libsvm: decision values, signs, optimality, leave-one-out.

    python benchmarks/oneclass_agreement.py DERIVATIVES [--voxels 10000] [--members 41]
        [--weights FILE.safetensors] [--out FILE.json|FILE.tsv]

Features are the latent vectors of T1w patches (dense encoder, untrained unless its weights are given) of
preprocessed controls in standard space, at random voxels of the brain; the last control is new. libsvm runs
at a tolerance of 1e-10.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from oneclass import NU, Row, finish, libsvm
from safetensors.torch import load_file

from bidsapp.analyses.anomaly import ANALYSIS
from bidsapp.analyses.anomaly.features import common_space, features_of, read_volumes
from bidsapp.analyses.anomaly.options import Options
from bidsapp.analyses.anomaly.train import one_session_each
from bidsapp.bids.cohort import read_cohort
from bidsapp.networks.patches import PatchEncoder, PatchShape
from bidsapp.oneclass.svm import TOLERANCE, centred_gamma, fit_svm
from bidsapp.recipe import Recipe

EXACT, CLOSE, SUBSET = 1e-10, 1e-4, 20


def encoder_of(weights: Path | None) -> PatchEncoder:
    """Build the encoder, with its weights if they are given (keys of the encoder or of its network)."""
    torch.manual_seed(0)
    encoder = PatchEncoder(PatchShape()).eval()
    if weights:
        state = {key.removeprefix("encoder."): value for key, value in load_file(weights).items()}
        encoder.load_state_dict({key: state[key] for key in encoder.state_dict()})
    return encoder


def latent_features(derivatives: Path, encoder: PatchEncoder, most: int, voxels: int) -> NDArray[np.float32]:
    """Encode the T1w of ``most`` controls at random brain voxels, shape ``(controls, voxels, latent)``."""
    options = Options.of(Recipe.read("anomaly", ANALYSIS.recipe))
    members = one_session_each(read_cohort([derivatives]))[:most]
    space = common_space(members, options)
    chosen = np.sort(np.random.default_rng(0).choice(space.voxels, min(voxels, space.voxels), replace=False))
    x, y, z = np.argwhere(space.mask)[chosen].T
    features = []
    for member in members:
        volumes = read_volumes(member, ("T1w",), space)
        image = space.scatter(features_of(member.name, volumes, ("T1w",), space, 0)[:, 0])
        with torch.inference_mode():
            latent = encoder.dense(torch.from_numpy(image).permute(2, 0, 1)[:, None])
        features.append(latent.movedim(1, 0)[:, z, x, y].T.numpy())
    return np.stack(features)


def left_out_difference(controls: NDArray[np.float32], left_out: NDArray[np.float32]) -> float:
    """Give the largest difference to libsvm's refits over rho, at a few voxels."""
    gamma = centred_gamma(controls)
    largest = 0.0
    for voxel in range(0, controls.shape[1], max(1, controls.shape[1] // SUBSET)):
        points = controls[:, voxel].astype(np.float64)
        for i in range(len(points)):
            value, rho = libsvm(np.delete(points, i, axis=0), points[i : i + 1], gamma[voxel], EXACT)
            largest = max(largest, abs(float(left_out[i, voxel]) - float(value[0])) / abs(rho))
    return largest


def agreement(features: NDArray[np.float32]) -> list[Row]:
    """Compare every voxel's machine with libsvm's on the new control, and leave-one-out on a few."""
    controls, new = features[:-1], features[-1]
    gamma, fit = centred_gamma(controls), fit_svm(controls, nu=NU)
    assert fit.left_out is not None
    decision, expected, rho = fit.model.decide(new), np.empty(len(new)), np.empty(len(new))
    for voxel in range(len(new)):
        points, other = (item.astype(np.float64) for item in (controls[:, voxel], new[voxel : voxel + 1]))
        value, rho[voxel] = libsvm(np.ascontiguousarray(points), other, gamma[voxel], EXACT)
        expected[voxel] = value[0]
    scale = np.abs(rho)
    clear = np.abs(expected) > CLOSE * scale
    difference = np.max(np.abs(decision - expected) / scale)
    flipped = (np.sign(decision) != np.sign(expected))[clear].sum()
    found = {
        "largest difference of decision values over rho": (difference, CLOSE),
        "signs that differ, farther from 0 than that": (flipped, 0),
        "largest violation of the optimality conditions": (fit.violation.max(), 2 * TOLERANCE),
        "largest difference of leave-one-out to refits over rho": (
            left_out_difference(controls, fit.left_out), CLOSE,
        ),
    }  # fmt: skip
    print(f"{len(controls)} controls, {len(new)} real voxels, {features.shape[2]} latent dimensions")
    rows: list[Row] = []
    for what, (value, most) in found.items():
        print(f"    {what}: {value:.3g} (promise: at most {most:g})", flush=True)
        rows.append({"what": what, "value": float(value), "promise": most, "kept": bool(value <= most)})
    return rows


def main() -> None:
    """Compare, print and end with an error if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("derivatives", type=Path)
    parser.add_argument("--voxels", type=int, default=10_000)
    parser.add_argument("--members", type=int, default=41, help="at most so many controls, one of them new")
    parser.add_argument("--weights", type=Path, help="of the encoder; by default it is untrained")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    encoder = encoder_of(options.weights)
    features = latent_features(options.derivatives, encoder, options.members, options.voxels)
    finish(options.out, {"agreement": agreement(features)})


if __name__ == "__main__":
    main()
