"""What motion says of a scan: parameters, framewise displacement, DVARS, and which frames to leave out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

RADIUS = 50.0
"""Millimetres from the centre of the head to the cortex (Power 2012)."""
STILL = 0.005
"""Millimetres: a parameter that varies less shifts an edge by less than the noise of its voxel."""


def motion_parameters(matrices: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read translations (mm) and rotations (radians, about x, y and z) off rigid matrices.

    Parameters
    ----------
    matrices
        Shape ``(t, 4, 4)``, of :func:`bidsapp.images.realign.estimate_motion`.
    centre
        Shape ``(3,)``, RAS millimetres: the point whose translation counts, the middle of the brain.

    Returns
    -------
    parameters
        Shape ``(t, 6)``: x, y, z in millimetres, then the rotations.
    """
    moved = matrices[:, :3, :3] @ centre + matrices[:, :3, 3]
    angles = Rotation.from_matrix(matrices[:, :3, :3]).as_euler("xyz")
    return np.concatenate([moved - centre, angles], axis=1)


def framewise_displacement(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Give :math:`\sum |\Delta d| + 50\,\mathrm{mm} \sum |\Delta\alpha|` (Power 2012, NeuroImage 59:2142).

    Parameters
    ----------
    parameters
        Shape ``(t, 6)``, of :func:`motion_parameters`.

    Returns
    -------
    displacement
        Shape ``(t,)``, millimetres; 0 for the first frame.
    """
    steps = np.abs(np.diff(parameters, axis=0))
    moved = steps[:, :3].sum(axis=1) + RADIUS * steps[:, 3:].sum(axis=1)
    return np.concatenate([[0.0], moved])


def moving(parameters: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which parameters vary by 0.005 mm or more; rotations count 50 mm from the centre.

    The least motion that is estimated is made of activity, not of motion (Freire and Mangin 2001, NeuroImage
    14:709): where a head lies still, as of a sedated patient, regressing it would take the activity away.

    Parameters
    ----------
    parameters
        Shape ``(t, 6)``, of :func:`motion_parameters`.

    Returns
    -------
    moving
        Shape ``(6,)``.
    """
    lever = np.array([1.0, 1.0, 1.0, RADIUS, RADIUS, RADIUS])
    return np.asarray(parameters.std(axis=0) * lever >= STILL)


def dvars(signals: NDArray[np.floating]) -> NDArray[np.float64]:
    r"""Give :math:`\sqrt{\langle (x_t - x_{t-1})^2 \rangle}` in per cent of the mean (Power 2012).

    Parameters
    ----------
    signals
        Shape ``(t, voxels)``, realigned.

    Returns
    -------
    dvars
        Shape ``(t,)``; 0 for the first frame.
    """
    steps = np.diff(signals.astype(np.float64), axis=0)
    rms = np.sqrt((steps**2).mean(axis=1))
    return np.concatenate([[0.0], 100.0 * rms / float(signals.mean(dtype=np.float64))])


def expand_24(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give parameters, those of the frame before, and the squares of both (Friston 1996, MRM 35:346).

    Shapes ``(t, n)`` to ``(t, 4 n)``; the first frame has no one before it: its own stand there.
    """
    before = np.concatenate([parameters[:1], parameters[:-1]])
    both = np.concatenate([parameters, before], axis=1)
    return np.concatenate([both, both**2], axis=1)


def kept_frames(displacement: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
    """Tell which frames moved no farther than ``limit`` mm; the frame after a large motion goes too.

    Power 2014 (NeuroImage 84:320) uses 0.2 mm, 2012 used 0.5 mm and left out one frame after it.
    """
    moved = displacement > limit
    after = np.concatenate([[False], moved[:-1]])
    return np.asarray(~(moved | after))
