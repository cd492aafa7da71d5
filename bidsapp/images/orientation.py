"""Choose between the two orientations that a NIfTI header may state, and say where they disagree."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.header import check_affine


def choose_affine(header: nib.Nifti1Header, path: Path) -> tuple[NDArray[np.float64], list[str]]:
    """Choose between sform and qform.

    The sform is used where it places voxels of the size that the header states without shear; else the
    qform. Where both are there and differ by more than 1 mm or 1 degree a note says which was used.

    Returns
    -------
    affine
        Shape ``(4, 4)``, voxel indices to RAS millimetres.
    notes
        Warnings for the report.
    """
    candidates: dict[str, NDArray[np.float64]] = {}
    try:
        for name, form in (("sform", header.get_sform(coded=True)), ("qform", header.get_qform(coded=True))):
            if form[0] is not None:
                candidates[name] = np.asarray(form[0], dtype=np.float64)
    except (HeaderDataError, ValueError, np.linalg.LinAlgError) as error:
        raise BadDataError(f"{path} has an unreadable orientation ({error}); convert it again.") from error
    sound = {k: a for k, a in candidates.items() if np.all(np.isfinite(a)) and _volume(a) > 1e-3}
    if not candidates:
        raise BadDataError(f"{path} says nothing of its orientation (sform and qform 0); convert it again.")
    if not sound:
        raise BadDataError(f"{path} has a singular affine; correct the header or convert it again.")
    size = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64))
    names = sorted(sound, key=lambda k: (not _is_rigid(sound[k], size), k != "sform"))
    affine = sound[names[0]]
    notes = [f"{k} is singular; {names[0]} was used" for k in candidates if k not in sound]
    if len(names) == 2:
        shift, turn = difference(affine, sound[names[1]], np.asarray(header["dim"][1:4]))
        if shift > 1.0 or turn > 1.0:
            notes.append(
                f"sform and qform disagree by {shift:.1f} mm and {turn:.1f} degrees; {names[0]} was used"
            )
    check_affine(affine, header, path)
    return affine, notes


def difference(
    first: NDArray[np.float64], second: NDArray[np.float64], shape: NDArray[np.integer]
) -> tuple[float, float]:
    """Give the shift (mm) of the image's centre and the angle (degrees) between two affines."""
    centre = np.append((np.asarray(shape, dtype=np.float64) - 1) / 2, 1.0)
    shift = float(np.linalg.norm(((first - second) @ centre)[:3]))
    a, b = _rotation(first), _rotation(second)
    cosine = (np.trace(a.T @ b) - 1) / 2
    return shift, float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _rotation(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    left, _, right = np.linalg.svd(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))
    return np.asarray(left @ right, dtype=np.float64)


def _volume(affine: NDArray[np.float64]) -> float:
    return float(abs(np.linalg.det(affine[:3, :3])))


def _is_rigid(affine: NDArray[np.float64], size: NDArray[np.float64]) -> bool:
    columns = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    square = bool(np.allclose(columns.T @ columns, np.eye(3), atol=5e-3))
    return square and bool(np.allclose(np.linalg.norm(affine[:3, :3], axis=0), size, rtol=0.02))
