"""One examination read by an ensemble: probabilities with their doubt, and the synthesised image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.ms.channels import PRIOR
from bidsapp.analyses.ms.earlier import Earlier, read_earlier
from bidsapp.analyses.ms.grid import WorkSpace, read_images, work_space
from bidsapp.analyses.ms.inference import infer, probability
from bidsapp.analyses.ms.networks import Trained
from bidsapp.cohort import Member
from bidsapp.images.volume import Volume
from bidsapp.learning.uncertainty.samples import Samples, Uncertainty

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Reading:
    """What an ensemble says of one session; all arrays on the working grid, shape ``(x, y, z)``.

    Attributes
    ----------
    space
        Working and native grid.
    images
        The contrasts (and ``prior_FLAIR``) that were read, white matter = 1.
    lesion, active
        Calibrated probability of lesion, probability of active lesion, with the ensemble's doubt.
    samples
        Probability of lesion of each network.
    active_samples
        Probability of active lesion of each network.
    post, post_error
        Synthesised T1w after contrast agent and its expected absolute error, or ``None`` without a T1w.
    earlier
        The session before, if it could be used.
    before
        Probability of lesion in the session before.
    """

    space: WorkSpace
    images: Mapping[str, Volume]
    lesion: Uncertainty
    active: Uncertainty
    samples: tuple[Array, ...]
    active_samples: tuple[Array, ...]
    post: Array | None
    post_error: Array | None
    earlier: Earlier | None
    before: Array | None


def read_session(member: Member, trained: Trained, device: str) -> Reading:
    """Read a session, and the one before it where there is one.

    Raises
    ------
    BadDataError
        The session has no brain mask or none of the contrasts.
    """
    space = work_space(member)
    images = read_images(member, space)
    earlier = read_earlier(member, space)
    if earlier is not None and "FLAIR" in earlier.images:
        images[PRIOR] = earlier.images["FLAIR"]
    brain = space.mask.data >= 0.5
    lesion, active = Samples(brain.shape), Samples(brain.shape)
    chances: list[Array] = []
    active_chances: list[Array] = []
    changes: list[Array] = []
    scales: list[Array] = []
    for network in trained.networks:
        output = infer(network, images, brain, window=trained.window, device=device)
        chances.append(trained.scaling.probability(output.lesion).astype(np.float32))
        active_chances.append(probability(output.active) * (brain > 0))
        lesion.add(chances[-1])
        active.add(active_chances[-1])
        changes.append(output.change)
        scales.append(output.scale)
    post = error = None
    if "T1w" in images:
        post = np.maximum(images["T1w"].data * brain + np.mean(changes, axis=0), 0).astype(np.float32)
        error = np.sqrt(np.var(changes, axis=0) + np.mean(np.square(scales), axis=0)).astype(np.float32)
    return Reading(
        space=space,
        images=images,
        lesion=lesion.measure(),
        active=active.measure(),
        samples=tuple(chances),
        active_samples=tuple(active_chances),
        post=post,
        post_error=error,
        earlier=earlier,
        before=_read_before(earlier, trained, device),
    )


def _read_before(earlier: Earlier | None, trained: Trained, device: str) -> Array | None:
    """Look for lesions in the session before, on this session's grid, with the first network alone."""
    if earlier is None:
        return None
    inside = earlier.brain.data >= 0.5
    output = infer(trained.networks[0], earlier.images, inside, window=trained.window, device=device)
    found: Array = trained.scaling.probability(output.lesion).astype(np.float32)
    return found
