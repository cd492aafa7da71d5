"""Sparse convolution beside torch's dense one: time and memory against occupancy, and where it stops paying.

    python benchmarks/sparse.py [--side 48] [--channels 16] [--repeats 3] [--threads 2] [--soop FOLDER]
        [--figure FILE.svg] [--out FILE.json]

One convolution of width 3, forward and backward, on one volume; both peers in the same process, in turns.
Times are processor and wall seconds, the least of the repeats; finding the neighbours is part of the time of
"first", and not of "next", as layers that follow each other share it. Memory is by how much a pass raises the
peak of the process (Linux), its heap given back before. FOLDER (real stroke masks, soop) adds three lesions
at 2 mm, those of the smallest, median and largest file. A compact lesion has more neighbours than as many
scattered voxels, so there sparse stops paying earlier than the crossover that is printed.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bidsapp.files import write_json
from bidsapp.networks.sparse import SparseVolumes
from bidsapp.networks.sparse_layers import SubmanifoldConv3d
from bidsapp.networks.sparse_sites import Sites

OCCUPANCIES = (0.01, 0.02, 0.05, 0.10, 0.20, 0.50)
EXACT = 1e-5
Row = dict[str, object]
Seconds = dict[str, float]


def scattered(occupancy: float, side: int) -> Tensor:
    """Draw active voxels, shape ``(1, side, side, side)``."""
    return torch.rand(1, side, side, side, generator=torch.Generator().manual_seed(0)) < occupancy


def real_masks(folder: Path) -> dict[str, Tensor]:
    """Read the smallest, median and largest lesion, halved to 2 mm."""
    import nibabel as nib

    paths = sorted(folder.glob("*_mask.nii.gz"), key=lambda path: path.stat().st_size)
    if not paths:
        raise SystemExit(f"{folder} holds no lesion masks (*_mask.nii.gz).")
    chosen = {"smallest": paths[0], "median": paths[len(paths) // 2], "largest": paths[-1]}
    masks = {}
    for name, path in chosen.items():
        mask = torch.from_numpy(np.asarray(nib.load(path).dataobj) > 0).float()
        masks[f"stroke, {name} file"] = nn.functional.max_pool3d(mask[None, None], 2)[0] > 0
    return masks


def passes(active: Tensor, channels: int) -> dict[str, Callable[[], Tensor]]:
    """Give the three passes to be timed; each returns the output at the active voxels."""
    torch.manual_seed(0)
    sparse, dense = SubmanifoldConv3d(channels, channels), nn.Conv3d(channels, channels, 3, padding=1)
    dense.load_state_dict(sparse.state_dict())
    index = active.flatten().nonzero()[:, 0]
    x, y, z = active.shape[1:]
    features = torch.randn(len(index), channels)
    kept = SparseVolumes(Sites(index, (x, y, z), 1), features)
    whole = kept.dense()

    def run(sites: Sites) -> Tensor:
        found: Tensor = sparse(SparseVolumes(sites, features.clone().requires_grad_())).features
        found.sum().backward()
        return found

    def run_dense() -> Tensor:
        found: Tensor = dense(whole.clone().requires_grad_())
        found.sum().backward()
        return found[0].flatten(1).T[index]

    return {
        "first": lambda: run(Sites(index, (x, y, z), 1)),
        "next": lambda: run(kept.sites),
        "dense": run_dense,
    }


def timed(works: dict[str, Callable[[], Tensor]], repeats: int) -> tuple[Seconds, Seconds, float]:
    """Give the least processor and wall seconds, and the largest difference between sparse and dense."""
    found = {name: work().detach() for name, work in works.items()}
    error = float((found["first"] - found["dense"]).abs().max()) if len(found["dense"]) else 0.0
    cpu, wall = (dict.fromkeys(works, float("inf")) for _ in range(2))
    for _ in range(repeats):
        for name, work in works.items():
            start = time.process_time(), time.perf_counter()
            work()
            cpu[name] = min(cpu[name], time.process_time() - start[0])
            wall[name] = min(wall[name], time.perf_counter() - start[1])
    return cpu, wall, error


def peak_of(work: Callable[[], Tensor]) -> float:
    """Give the mebibytes by which a pass raises the peak of resident memory."""
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew (man 5 proc)
    before = _peak()
    work()
    return _peak() - before


def _peak() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(name: str, active: Tensor, options: argparse.Namespace) -> Row:
    """Measure one pattern of active voxels."""
    works = passes(active, options.channels)
    cpu, wall, error = timed(works, options.repeats)
    peaks = {kind: peak_of(works[kind]) for kind in ("first", "dense")}
    row: Row = {
        "what": name, "occupancy": float(active.float().mean()), "voxels": active.numel(),
        "cpu_s": cpu, "wall_s": wall, "peak_mib": peaks, "difference": error,
    }  # fmt: skip
    print(f"{name}: {cpu['first']:.4f} s, dense {cpu['dense']:.4f} s", flush=True)
    return row


def crossover(rows: Sequence[Row], kind: str) -> float:
    """Give the occupancy at which sparse takes as long as dense: NaN if it never does."""
    ratios = [np.log(float(row["cpu_s"][kind] / row["cpu_s"]["dense"])) for row in rows]  # type: ignore[index]
    steps = np.log([float(str(row["occupancy"])) for row in rows])
    if not min(ratios) <= 0 <= max(ratios):
        return float("nan")
    return float(np.exp(np.interp(0, ratios, steps)))


def markdown(rows: Sequence[Row]) -> str:
    """Write all rows as a table."""
    times = [f"{clock} {kind} (ms)" for clock in ("CPU", "wall") for kind in ("first", "next", "dense")]
    heads = ("active voxels", "occupancy", *times, "sparse (MiB)", "dense (MiB)")
    return "\n".join(
        "| " + " | ".join(line) + " |" for line in (heads, ["---"] * len(heads), *map(cells, rows))
    )


def cells(row: Row) -> tuple[str, ...]:
    """Write one line of the table."""
    cpu, wall, peak = (dict(row[key]) for key in ("cpu_s", "wall_s", "peak_mib"))  # type: ignore[call-overload]
    times = (f"{1000 * seconds[kind]:.1f}" for seconds in (cpu, wall) for kind in ("first", "next", "dense"))
    occupancy = f"{100 * float(str(row['occupancy'])):.2g} %"
    return str(row["what"]), occupancy, *times, f"{peak['first']:.0f}", f"{peak['dense']:.0f}"


def draw(rows: Sequence[Row], path: Path) -> None:
    """Plot processor time against occupancy, both logarithmic."""
    from matplotlib.figure import Figure

    plot = Figure(figsize=(5.5, 4), layout="constrained")
    axes = plot.subplots()
    shares = [100 * float(str(row["occupancy"])) for row in rows]
    labels = {"first": "sparse, first layer", "next": "sparse, next layers", "dense": "dense"}
    for kind, label in labels.items():
        axes.loglog(shares, [1000 * row["cpu_s"][kind] for row in rows], "o-", label=label)  # type: ignore[index]
    axes.set_xticks(shares, [f"{share:.0f}" for share in shares])
    axes.xaxis.minorticks_off()
    axes.set_xlabel("active voxels (%)")
    axes.set_ylabel("forward and backward, processor time (ms)")
    axes.legend()
    plot.savefig(path)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--side", type=int, default=48, help="voxels along each axis")
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--soop", type=Path, help="folder of real stroke masks")
    parser.add_argument("--figure", type=Path, help="PNG or SVG")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = [measure("scattered", scattered(share, options.side), options) for share in OCCUPANCIES]
    real = real_masks(options.soop) if options.soop else {}
    more = [measure(name, mask, options) for name, mask in real.items()]
    where = {kind: crossover(rows, kind) for kind in ("first", "next")}
    print(f"One layer of {options.channels} channels, forward and backward, {options.threads} threads\n")
    print(markdown([*rows, *more]))
    print(
        f"Scattered: sparse pays below {where['first']:.1%} (first layer), {where['next']:.1%} (next layers)."
    )
    if options.figure:
        draw(rows, options.figure)
    if options.out:
        write_json(options.out, {"rows": [*rows, *more], "crossover": where, "argv": sys.argv[1:]})
    wrong = max(float(str(row["difference"])) for row in [*rows, *more])
    if wrong > EXACT:
        raise SystemExit(f"Broken promise: sparse and dense differ by {wrong:g}.")


if __name__ == "__main__":
    main()
