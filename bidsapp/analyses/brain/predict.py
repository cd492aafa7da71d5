"""Where the brain is and what it is made of, in an image of any contrast, orientation and slice thickness."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError
from bidsapp.images.grids import isotropic_grid, resample, to_closest_ras
from bidsapp.images.scaling import scale_grey_values
from bidsapp.images.volume import Grid, Volume

if TYPE_CHECKING:
    from torch import Tensor, nn

Definition = Literal["clinical", "labels"]
PACKAGED = Path(__file__).parents[2] / "data" / "bundles" / "brain"
GRID_MM = 2.0
LOCATE_MM = 3.0
MULTIPLE = 16
MARGIN = 8
NO_BRAIN = "No brain was found in the image; check that it shows a head and that its affine is right."


@dataclass(frozen=True, eq=False)
class BrainSegmentation:
    """Mask and tissues on the grid of the image they were found in.

    Attributes
    ----------
    mask
        1 inside of the brain (one piece, no holes), uint8.
    gm, wm, csf
        Probabilities within 0 and 1 that add up to 1 inside of the mask and are 0 outside of it, float32.
    """

    mask: NDArray[np.uint8]
    gm: NDArray[np.float32]
    wm: NDArray[np.float32]
    csf: NDArray[np.float32]


def segment(
    data: NDArray[np.float32],
    affine: NDArray[np.float64],
    bundle: Bundle | Path | None = None,
    *,
    device: str = "cpu",
    definition: Definition = "labels",
) -> BrainSegmentation:
    """Find brain, grey matter, white matter and CSF.

    Parameters
    ----------
    data
        T1w (with or without gadolinium), T2w, FLAIR or PDw, shape ``(x, y, z)``, any orientation and
        voxel size.
    affine
        Voxel indices to RAS millimetres, shape ``(4, 4)``.
    bundle
        Trained network; the packaged one if not given.
    device
        ``cpu`` or ``cuda:N``; the CPU gives the same bytes each time.
    definition
        Where the brain ends: ``labels`` (region labels of healthy heads, closed) or ``clinical`` (as raters
        outline it on clinical scans); docs/methods-brain.md tells the difference.

    Raises
    ------
    BadDataError
        The image is not three-dimensional, is empty, or shows no brain.
    """
    if data.ndim != 3:
        raise BadDataError(f"A brain mask needs a three-dimensional image, not one of shape {data.shape}.")
    volume = Volume(np.nan_to_num(np.asarray(data, dtype=np.float32)), np.asarray(affine, dtype=np.float64))
    network, borders = _load(_folder(bundle), device)
    ras = to_closest_ras(volume)
    coarse = resample(ras, isotropic_grid(ras.grid, GRID_MM))
    maps = locate_and_segment(coarse.data, network, border=borders.index(definition), device=device)
    return _finish([Volume(item, coarse.affine) for item in maps], volume.grid)


def locate_and_segment(
    image: NDArray[np.float32], network: nn.Module, *, border: int, device: str = "cpu"
) -> tuple[NDArray[np.float32], ...]:
    """Find the brain in the whole image at 3 mm, then look at the box around it, and at its mirror image.

    Parameters
    ----------
    image
        Axes towards right, anterior, superior, 2 mm.
    network
        `bidsapp.networks.brain.brain_network`.
    border
        Index of the definition of the brain's border.
    device
        ``cpu`` or ``cuda:N``.

    Returns
    -------
    tuple
        Probabilities of inside, grey matter, white matter and CSF, each of the image's shape.
    """
    if image.max() <= image.min():
        raise BadDataError(NO_BRAIN)
    wide = _box(_locate(image, network, border, device))
    # the network normalises by what it sees, and the first box is rough: look again, then crop once more
    near = np.zeros(image.shape, dtype=bool)
    near[wide] = _run(image[wide], network, border, device)[0] >= 0.5
    wide = _box(near)
    cut = image[wide]
    seen, mirrored = _run(cut, network, border, device), _run(cut[::-1], network, border, device)[:, ::-1]
    maps = np.zeros((4, *image.shape), dtype=np.float32)
    maps[(slice(None), *wide)] = (seen + mirrored) / 2
    return tuple(maps)


def largest_piece(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the largest connected piece (voxels that share a face) and fill its holes."""
    labelled, count = ndimage.label(mask)
    if count > 1:
        sizes = np.bincount(labelled.ravel())
        sizes[0] = 0
        mask = labelled == int(sizes.argmax())
    filled: NDArray[np.bool_] = ndimage.binary_fill_holes(mask)
    return filled


def _box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    piece = largest_piece(mask)
    if not piece.any():
        raise BadDataError(NO_BRAIN)
    box = ndimage.find_objects(piece.astype(np.uint8))[0]
    return tuple(
        slice(max(0, s.start - MARGIN), min(n, s.stop + MARGIN)) for s, n in zip(box, mask.shape, strict=True)
    )


def _locate(image: NDArray[np.float32], network: nn.Module, border: int, device: str) -> NDArray[np.bool_]:
    coarse = ndimage.zoom(image, GRID_MM / LOCATE_MM, order=1, grid_mode=True, mode="grid-constant")
    rough = largest_piece(_run(coarse, network, border, device)[0] >= 0.5)
    factors = np.array(image.shape) / np.array(rough.shape)
    index = np.ix_(
        *(((np.arange(n) + 0.5) / f).astype(int) for n, f in zip(image.shape, factors, strict=True))
    )
    located: NDArray[np.bool_] = rough[index]
    return located


def _run(image: NDArray[np.float32], network: nn.Module, border: int, device: str) -> NDArray[np.float32]:
    import torch

    from bidsapp.learning.gpu_memory import or_on_cpu
    from bidsapp.learning.precision import mixed_precision

    # two voxels are left at the deepest level, as normalisation by instance needs
    pads = [(0, max(2 * MULTIPLE - n, -n % MULTIPLE)) for n in image.shape]
    batch = torch.from_numpy(np.pad(scale_grey_values(image), pads))[None, None]

    def look(network: nn.Module, where: str) -> Tensor:
        with torch.inference_mode(), mixed_precision(where):
            shown = batch.to(where).contiguous(memory_format=torch.channels_last_3d)
            logits: Tensor = network(shown)[0].float()
        return logits.cpu()

    logits = or_on_cpu(look, network, device, task="finding the brain")
    inside = torch.sigmoid(logits[4 + border])[None]
    tissues = torch.softmax(logits[:4], dim=0)[1:]
    x, y, z = image.shape
    result: NDArray[np.float32] = torch.cat([inside, tissues])[:, :x, :y, :z].numpy()
    return result


def _finish(maps: list[Volume], grid: Grid) -> BrainSegmentation:
    inside, gm, wm, _ = (resample(item, grid, antialias=False).data for item in maps)
    mask = largest_piece(inside >= 0.5)
    gm, wm = gm * mask, wm * mask
    total = np.maximum(gm + wm, 1.0)
    gm, wm = gm / total, wm / total
    return BrainSegmentation(mask.astype(np.uint8), gm, wm, np.clip(mask - gm - wm, 0, 1).astype(np.float32))


def _folder(bundle: Bundle | Path | None) -> Path:
    if bundle is None:
        return PACKAGED
    return bundle.path if isinstance(bundle, Bundle) else bundle


@lru_cache(maxsize=2)
def _load(path: Path, device: str) -> tuple[nn.Module, list[str]]:
    import torch

    from bidsapp.networks.brain import brain_network

    bundle = Bundle.read(path)
    features, borders = bundle.metadata["features"], bundle.metadata["border_definitions"]
    if not isinstance(features, list) or not isinstance(borders, list):
        raise BadDataError(f"{path}: configs/metadata.json must list features and border_definitions.")
    network = brain_network([int(n) for n in features])
    weights = {
        key: torch.from_numpy(np.asarray(value, np.float32)) for key, value in bundle.tensors().items()
    }
    network.load_state_dict(weights)
    return network.eval().to(device), [str(name) for name in borders]
