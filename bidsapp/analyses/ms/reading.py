"""One examination read by an ensemble: probabilities with their doubt, and the synthesised image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.ms.channels import PRIOR
from bidsapp.analyses.ms.drawing import draw_outputs
from bidsapp.analyses.ms.earlier import Earlier, read_earlier
from bidsapp.analyses.ms.grid import WorkSpace, read_images, work_space
from bidsapp.analyses.ms.inference import Output, probability
from bidsapp.analyses.ms.networks import Trained
from bidsapp.analyses.ms.synthesis import Synthesis, enhancement
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
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
    lesion
        Calibrated probability of lesion, with the ensemble's doubt.
    samples
        Probability of lesion of each network, or of each draw of its dropout.
    active_samples
        Probability of active lesion of the same, from the networks themselves.
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
    samples: tuple[Array, ...]
    active_samples: tuple[Array, ...]
    post: Array | None
    post_error: Array | None
    earlier: Earlier | None
    before: Array | None

    @property
    def doubts(self) -> dict[str, Array]:
        """What several readings disagree on, by name, each as a share of its maximum; empty with one."""
        if len(self.samples) == 1:
            return {}
        return {
            "variance": 4 * self.lesion.variance,
            "mutual_information": self.lesion.mutual_information / np.float32(np.log(2)),
        }


def read_session(member: Member, trained: Trained, device: str) -> Reading:
    """Read a session, and the one before it where there is one.

    Raises
    ------
    BadDataError
        The session has no brain mask or none of the contrasts, or no T1w where activity is read from the
        synthesised one.
    """
    space = work_space(member)
    images = read_images(member, space)
    earlier = read_earlier(member, space)
    if earlier is not None and "FLAIR" in earlier.images:
        images[PRIOR] = earlier.images["FLAIR"]
    if trained.active_from == "synthesis" and "T1w" not in images:
        raise BadDataError(f"{member.name} has no T1w; this bundle reads activity from a synthesised one.")
    brain = space.mask.data >= 0.5
    lesion, synthesis = Samples(brain.shape), Synthesis(brain.shape)
    chances: list[Array] = []
    active_chances: list[Array] = []
    for output in draw_outputs(trained, images, brain, device):
        chances.append(trained.scaling.probability(output.lesion).astype(np.float32))
        active_chances.append(_activity(output, chances[-1], brain, trained))
        lesion.add(chances[-1])
        synthesis.add(output)
    post = error = None
    if "T1w" in images:
        post = np.maximum(images["T1w"].data * brain + synthesis.change, 0).astype(np.float32)
        error = synthesis.error()
    return Reading(
        space=space,
        images=images,
        lesion=lesion.measure(),
        samples=tuple(chances),
        active_samples=tuple(active_chances),
        post=post,
        post_error=error,
        earlier=earlier,
        before=_read_before(earlier, trained, device),
    )


def _activity(output: Output, lesion: Array, brain: NDArray[np.bool_], trained: Trained) -> Array:
    if trained.active_from == "synthesis":
        return enhancement(output, (lesion >= trained.threshold) & brain)
    return probability(output.active) * brain


def _read_before(earlier: Earlier | None, trained: Trained, device: str) -> Array | None:
    """Look for lesions in the session before as in this one, on this session's grid."""
    if earlier is None:
        return None
    inside = earlier.brain.data >= 0.5
    found = Samples(inside.shape)
    for output in draw_outputs(trained, earlier.images, inside, device):
        found.add(trained.scaling.probability(output.lesion).astype(np.float32))
    return found.measure().probability
