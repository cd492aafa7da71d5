"""One-class machines and dense encoding of patches: speed beside scikit-learn and libsvm, and growth.

    python benchmarks/oneclass.py [--voxels 20000] [--peer-voxels 500] [--refit-voxels 50] [--side 96]
        [--figure growth.svg] [--out FILE.json|FILE.tsv]

Every peer runs in the same process and the same minute, on Gaussian features (40 controls, 16 dimensions).
libsvm is called without scikit-learn's checks ("bare"), at its own tolerance (1e-3) and at ours (1e-5).
Times are the best of three, per voxel. Both encodings run on one thread.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.svm import OneClassSVM, _libsvm

from bidsapp.files import write_json, write_text
from bidsapp.networks.patches import PatchEncoder, PatchShape, patches_at
from bidsapp.oneclass.svm import TOLERANCE, centred_gamma, fit_svm

NU, CONTROLS, DIMENSIONS = 0.03, 40, 16
LIBSVM_TOLERANCE = 1e-3
GROWTH = {"controls": (20, 40, 80, 160, 300), "dimensions": (4, 8, 16, 32, 64)}
Values = NDArray[np.floating]
Row = dict[str, object]


def timed(name: str, count: int, work: Callable[[], object], repeats: int = 3) -> Row:
    """Run ``work`` on ``count`` voxels; give the best wall and processor microseconds per voxel."""
    walls, cpus = [], []
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - start[0])
        cpus.append(time.process_time() - start[1])
    row: Row = {
        "what": name, "voxels": count,
        "wall_us": 1e6 * min(walls) / count, "cpu_us": 1e6 * min(cpus) / count,
    }  # fmt: skip
    print(f"{name:52}{count:9}{row['wall_us']:13.2f}{row['cpu_us']:13.2f}", flush=True)
    return row


def promise(what: str, slow: Row, fast: Row, key: str, least: float) -> Row:
    """Print how many times faster, beside what was promised."""
    ratio = float(str(slow[key])) / float(str(fast[key]))
    print(f"    {what}: {ratio:.1f} times (promise: {least:g})", flush=True)
    return {"what": what, "ratio": ratio, "promise": least, "kept": ratio >= least}


def gaussian(controls: int, voxels: int, dimensions: int, seed: int = 0) -> NDArray[np.float32]:
    """Draw features, shape ``(controls, voxels, dimensions)``."""
    return np.random.default_rng(seed).standard_normal((controls, voxels, dimensions), dtype=np.float32)


def libsvm(points: Values, new: Values, gamma: float, tolerance: float) -> tuple[Values, float]:
    """Fit libsvm's machine and score new points; float64 arrays. Returns the decision values and rho."""
    _libsvm.set_verbosity_wrap(0)
    shape = {"svm_type": 2, "kernel": "rbf", "gamma": gamma}
    fitted = _libsvm.fit(points, np.ones(len(points)), nu=NU, tol=tolerance, **shape)
    return _libsvm.decision_function(new, *fitted[:7], **shape).ravel(), -float(fitted[4][0])


def scikit_learn(points: Values, new: Values, gamma: float) -> Values:
    """Fit scikit-learn's machine and score new points."""
    return np.asarray(OneClassSVM(nu=NU, gamma=gamma).fit(points).decision_function(new))


def over_voxels(machine: Callable[..., object], features: Values, new: Values, *more: float) -> None:
    """Fit and score voxel by voxel, with gamma known."""
    gamma = centred_gamma(features)
    points, others = (np.ascontiguousarray(item.swapaxes(0, 1), dtype=np.float64) for item in (features, new))
    for voxel in range(len(gamma)):
        machine(points[voxel], others[voxel], gamma[voxel], *more)


def measure_speed(voxels: int, peer_voxels: int) -> list[Row]:
    """Fit at every voxel and score one new subject, gamma included."""
    features, new = gaussian(CONTROLS, voxels, DIMENSIONS), gaussian(1, voxels, DIMENSIONS, 1)
    few, few_new = features[:, :peer_voxels], new[:, :peer_voxels]

    def ours() -> None:
        fit_svm(features, nu=NU, leave_one_out=False).model.decide(new[0])

    rows = []
    for threads in sorted({1, numba.config.NUMBA_NUM_THREADS}):
        numba.set_num_threads(threads)
        rows.append(timed(f"bidsapp, fit and score, {threads} threads", voxels, ours))
    loop = timed("scikit-learn, loop", peer_voxels, lambda: over_voxels(scikit_learn, few, few_new))
    bare = [
        timed(f"bare libsvm, tolerance {tolerance:g}", peer_voxels,
              lambda tolerance=tolerance: over_voxels(libsvm, few, few_new, tolerance))
        for tolerance in (LIBSVM_TOLERANCE, TOLERANCE)
    ]  # fmt: skip
    kept = [promise("scikit-learn's loop, wall", loop, rows[-1], "wall_us", 25)]
    kept += [promise(f"{row['what']}, processor", row, rows[0], "cpu_us", 2) for row in bare]
    return [*rows, loop, *bare, *kept]


def measure_leave_one_out(voxels: int, refitted: int) -> list[Row]:
    """Fit and score every control without itself, against refits in a loop."""
    features = gaussian(CONTROLS, voxels, DIMENSIONS)

    def naive(machine: Callable[..., object], *more: float) -> None:
        for control in range(CONTROLS):
            others = np.delete(features[:, :refitted], control, axis=0)
            over_voxels(machine, others, features[control : control + 1, :refitted], *more)

    exact = timed("bidsapp, with exact leave-one-out", voxels, lambda: fit_svm(features, nu=NU))
    loop = timed("scikit-learn, refits", refitted, lambda: naive(scikit_learn), 1)
    bare = timed("bare libsvm, refits", refitted, lambda: naive(libsvm, LIBSVM_TOLERANCE), 1)
    return [exact, loop, bare, promise("naive refits, wall", loop, exact, "wall_us", 100)]


def measure_dense(side: int) -> list[Row]:
    """Encode every pixel of a slice at once, against patch by patch (256 at a time)."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    encoder = PatchEncoder(PatchShape()).eval()
    image = torch.randn(1, side, side, 1)
    centres = torch.cartesian_prod(torch.arange(side), torch.arange(side), torch.zeros(1, dtype=torch.long))
    found: dict[str, torch.Tensor] = {}

    @torch.inference_mode()
    def dense() -> None:
        found["dense"] = encoder.dense(image[None, ..., 0])[0].flatten(1).T

    @torch.inference_mode()
    def by_patch() -> None:
        parts = [encoder(patches_at(image, part, 2)) for part in centres.split(256)]
        found["patches"] = torch.cat(parts)

    fast = timed("dense encoding", side**2, dense)
    slow = timed("patch by patch", side**2, by_patch)
    difference = float((found["dense"] - found["patches"]).abs().max())
    print(f"    largest difference: {difference:g} (promise: the same bits)")
    identical: Row = {"what": "dense encoding, the same bits", "value": difference, "kept": difference == 0}
    return [fast, slow, promise("patch by patch, wall", slow, fast, "wall_us", 25), identical]


def measure_growth(voxels: int, figure: Path | None) -> list[Row]:
    """Time the fit, with and without leave-one-out, over controls, dimensions and voxels."""
    usual = {"controls": CONTROLS, "dimensions": DIMENSIONS, "voxels": voxels}
    rows = []
    for axis, sizes in {**GROWTH, "voxels": (voxels // 8, voxels // 4, voxels // 2, voxels)}.items():
        for size in sizes:
            shape = {**usual, axis: size}
            features = gaussian(shape["controls"], shape["voxels"], shape["dimensions"])
            for leave in (False, True):
                name = f"{axis} {size}, {'with' if leave else 'without'} leave-one-out"
                work = lambda f=features, leave=leave: fit_svm(f, nu=NU, leave_one_out=leave)  # noqa: E731
                row = timed(name, shape["voxels"], work, 1)
                rows.append({**row, "axis": axis, "size": size, "leave_one_out": leave})
    if figure:
        draw(rows, figure)
    return rows


def draw(rows: Sequence[Row], path: Path) -> None:
    """Plot processor time per voxel on logarithmic axes."""
    from matplotlib.figure import Figure

    plot = Figure(figsize=(11, 3.5), layout="constrained")
    for axes, axis in zip(plot.subplots(1, 3), (*GROWTH, "voxels"), strict=True):
        for leave, label in ((False, "fit"), (True, "fit and leave-one-out")):
            own = [row for row in rows if row["axis"] == axis and row["leave_one_out"] == leave]
            axes.loglog([row["size"] for row in own], [row["cpu_us"] for row in own], "o-", label=label)
        sizes = [row["size"] for row in own]
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.xaxis.minorticks_off()
        axes.set_xlabel(axis)
        axes.set_ylabel("processor time per voxel (µs)")
        axes.legend()
    plot.savefig(path)


def finish(path: Path | None, tables: dict[str, list[Row]]) -> None:
    """Write all rows, as JSON or TSV by the name's ending; end with an error if a promise is broken."""
    if path and path.suffix == ".json":
        write_json(path, {**tables, "argv": sys.argv[1:]})
    elif path:
        rows = [{"table": name, **row} for name, table in tables.items() for row in table]
        text = io.StringIO()
        columns = list(dict.fromkeys(key for row in rows for key in row))
        writer = csv.DictWriter(text, columns, restval="n/a", delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(path, text.getvalue())
    broken = [str(row["what"]) for table in tables.values() for row in table if row.get("kept") is False]
    if broken:
        raise SystemExit(f"Broken promise: {', '.join(broken)}")


def main() -> None:
    """Measure, print and end with an error if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--voxels", type=int, default=20_000)
    parser.add_argument("--peer-voxels", type=int, default=500)
    parser.add_argument("--refit-voxels", type=int, default=50)
    parser.add_argument("--growth-voxels", type=int, default=1000)
    parser.add_argument("--side", type=int, default=96, help="of the slice that is encoded")
    parser.add_argument("--figure", type=Path, help="growth, as PNG or SVG")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    fit_svm(gaussian(CONTROLS, 8, DIMENSIONS)).model.decide(gaussian(1, 8, DIMENSIONS)[0])  # compiles
    print(f"{'':52}{'voxels':>9}{'wall us':>13}{'cpu us':>13}")
    tables = {
        "speed": measure_speed(options.voxels, options.peer_voxels),
        "leave-one-out": measure_leave_one_out(options.voxels // 10, options.refit_voxels),
        "dense": measure_dense(options.side),
        "growth": measure_growth(options.growth_voxels, options.figure),
    }
    finish(options.out, tables)


if __name__ == "__main__":
    main()
