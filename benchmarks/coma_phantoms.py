"""How far diffusion and perfusion are from known answers, in per cent: FA, ADC, main direction, CBF.

    python benchmarks/coma_phantoms.py

Phantoms by the forward models (tensor; kinetic model of labelled blood) at several noise levels; for the
tensor with our MP-PCA, dipy's, and Patch2Self, and the CPU seconds of each. Seeds are fixed; all takes 8 CPU
seconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from bidsapp.images.diffusion import Diffusion, fit_diffusion
from bidsapp.images.diffusion_noise import denoise
from bidsapp.images.gradients import Gradients
from bidsapp.images.labelling import Labelling
from bidsapp.images.perfusion import flow

EDGE = 20
DIRECTIONS = 32
S0 = 500.0
Numbers = NDArray[np.float64]


def tensors(seed: int) -> tuple[Numbers, Numbers]:
    """Give smooth fibres on a cube, shape ``(v, 3, 3)``, and their ascending eigenvalues."""
    rng = np.random.default_rng(seed)
    fields = rng.standard_normal((4, EDGE, EDGE, EDGE))
    smooth = np.stack([ndimage.gaussian_filter(field, 2.5) for field in fields]).reshape(4, -1)
    axis = (smooth[:3] / np.linalg.norm(smooth[:3], axis=0)).T
    fibre = np.where(smooth[3] > np.median(smooth[3]), 0.9, 0.1)[:, None, None]
    matrices = 0.9e-3 * (1 - 0.6 * fibre) * np.eye(3) + 1e-3 * fibre * np.einsum("vi,vj->vij", axis, axis)
    return matrices, np.linalg.eigvalsh(matrices)


def scheme(rng: np.random.Generator) -> Gradients:
    """Give two volumes without weighting, and directions at random of b = 1000 s/mm2."""
    vectors = rng.standard_normal((DIRECTIONS, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Gradients(np.r_[0.0, 0.0, np.full(DIRECTIONS, 1000.0)], np.r_[np.zeros((2, 3)), vectors])


def signal_of(matrices: Numbers, gradients: Gradients) -> Numbers:
    """Give the signal of tensors, shape ``(n, v)``."""
    g = gradients.directions
    decay = np.einsum("ni,vij,nj->nv", g, matrices, g)
    return np.asarray(S0 * np.exp(-gradients.bvals[:, None] * decay))


def anisotropy(values: Numbers) -> Numbers:
    """Give FA of eigenvalues, shape ``(v, 3)``."""
    away = values - values.mean(axis=1, keepdims=True)
    return np.asarray(np.sqrt(1.5 * (away**2).sum(axis=1) / (values**2).sum(axis=1)))


def percent(found: Numbers, true: Numbers) -> float:
    """Give the median absolute error in per cent."""
    return float(100 * np.median(np.abs(found - true) / np.abs(true)))


def cut(data: Numbers) -> Numbers:
    """Denoise by our MP-PCA."""
    grid = data.reshape(-1, EDGE, EDGE, EDGE)
    return denoise(grid, np.ones(grid.shape[1:], dtype=bool)).reshape(data.shape).astype(np.float64)


def cut_by_dipy(data: Numbers) -> Numbers:
    """Denoise by dipy's MP-PCA, with patches of the same size."""
    from dipy.denoise.localpca import mppca

    grid = np.moveaxis(data.reshape(-1, EDGE, EDGE, EDGE), 0, -1)
    return np.asarray(np.moveaxis(mppca(grid, patch_radius=2), -1, 0).reshape(data.shape))


def patch2self(data: Numbers) -> Numbers:
    """Denoise the weighted volumes by regression on each other."""
    return np.concatenate([data[:2], regressed(data[2:])])


CLEANERS: dict[str, Callable[[Numbers], Numbers]] = {
    "none": lambda data: data,
    "MP-PCA": cut,
    "dipy's": cut_by_dipy,
    "Patch2Self": patch2self,
}


def regressed(data: Numbers) -> Numbers:
    """Replace each volume by its regression on the others (Patch2Self with least squares, Fadnavis 2020).

    With P the inverse of the volumes' covariance, row j of P X over P_jj is the residual of volume j.
    """
    centred = data - data.mean(axis=1, keepdims=True)
    precision = np.linalg.inv(centred @ centred.T + 1e-9 * np.trace(centred @ centred.T) * np.eye(len(data)))
    return np.asarray(data - (precision @ centred) / np.diag(precision)[:, None])


def diffusion_rows() -> list[str]:
    """Measure the tensor at four noise levels, with and without denoising."""
    rng = np.random.default_rng(0)
    matrices, values = tensors(0)
    gradients = scheme(rng)
    clean = signal_of(matrices, gradients)
    head = f"{'FA %':>8} {'ADC %':>8} {'axis deg':>9} {'CPU s':>7}"
    rows = [f"{'SNR of b0':>10} {'denoised':>11} {head}"]
    for snr in (np.inf, 50, 30, 15):
        noisy = np.abs(clean + rng.normal(0, S0 / snr, clean.shape)) if np.isfinite(snr) else clean
        names = CLEANERS if np.isfinite(snr) else ["none"]  # nothing to take out
        for name in names:
            begun = time.process_time()
            data = np.maximum(CLEANERS[name](noisy), 1)
            spent = time.process_time() - begun
            found = fit_diffusion(data, gradients)
            rows.append(f"{snr:>10} {name:>11} {_errors(found, matrices, values)} {spent:>7.2f}")
    return rows


def turned_rows() -> list[str]:
    """Measure what turning the vectors with the head is worth, for heads that turned by 5 to 20 degrees."""
    matrices, values = tensors(1)
    gradients = scheme(np.random.default_rng(1))
    rows = [f"{'head turned':>12} {'axis deg, vectors turned':>25} {'not turned':>11}"]
    for angle in (5, 10, 20):
        turn = Rotation.from_rotvec(np.radians(angle) * np.array([2, 1, 2]) / 3).as_matrix()
        pose = np.eye(4)
        pose[:3, :3] = turn
        seen = signal_of(turn @ matrices @ turn.T, gradients)
        poses = [pose] * len(gradients.bvals)
        right = fit_diffusion(seen, gradients.turned_back(poses))
        wrong = fit_diffusion(seen, gradients)
        rows.append(
            f"{angle:>12} {_angle(right, matrices, values):>25.4f} {_angle(wrong, matrices, values):>11.1f}"
        )
    return rows


def perfusion_rows() -> list[str]:
    """Measure flow of PCASL and PASL, made by the kinetic model, without and with noise (40 pairs)."""
    rng = np.random.default_rng(2)
    m0, true = rng.uniform(800, 1200, (20, 20, 8)), rng.uniform(20, 80, (20, 20, 8))
    rows = [f"{'labelling':>10} {'noise, % of M0':>15} {'CBF % (median)':>15} {'bias of the mean %':>19}"]
    for kind, delay, duration, efficiency in (("PCASL", 1.8, 1.8, 0.85), ("PASL", 1.8, 0.8, 0.98)):
        t1 = 1.65
        labelled = duration if kind == "PASL" else t1 * (1 - np.exp(-duration / t1))
        difference = 2 * m0 / 0.9 * true / 6000 * labelled * efficiency * np.exp(-delay / t1)
        timing = Labelling(kind, np.array([delay]), np.array([duration]), efficiency, t1, False, (), 2, None)
        for noise in (0.0, 0.01):
            seen = difference + rng.normal(0, 1, m0.shape) * noise * m0 * np.sqrt(2 / 40)
            found = flow(seen, m0, timing, 0)
            bias = 100 * (found.mean() / true.mean() - 1)
            rows.append(f"{kind:>10} {100 * noise:>15} {percent(found, true):>15.4f} {bias:>19.4f}")
    return rows


def _errors(found: Diffusion, matrices: Numbers, values: Numbers) -> str:
    if found.fa is None:
        raise SystemExit("the phantom has too few directions")
    true = anisotropy(values)
    clear = true > 0.2  # a relative error of hardly any anisotropy says nothing
    fa = percent(found.fa[clear], true[clear])
    return (
        f"{fa:>8.3f} {percent(found.adc, values.mean(axis=1)):>8.3f} {_angle(found, matrices, values):>9.3f}"
    )


def _angle(found: Diffusion, matrices: Numbers, values: Numbers) -> float:
    clear = anisotropy(values) > 0.2
    sharp = clear & (values[:, 2] > 1.3 * values[:, 1])  # the main direction is one
    axis = np.linalg.eigh(matrices[sharp])[1][:, :, -1]
    if found.axis is None:
        raise SystemExit("the phantom has too few directions")
    cosine = np.abs((axis * found.axis[sharp]).sum(axis=1)).clip(0, 1)
    return float(np.degrees(np.median(np.arccos(cosine))))


def main() -> None:
    """Print the tables."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    for title, rows in (
        ("Tensor, 32 directions of b = 1000 s/mm2 (median errors)", diffusion_rows()),
        ("Head turned under the gradients (without noise)", turned_rows()),
        ("Blood flow by the single-compartment model", perfusion_rows()),
    ):
        print(title, *rows, "", sep="\n")


if __name__ == "__main__":
    main()
