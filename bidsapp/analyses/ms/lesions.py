"""One lesion as the report and the tables know it: size, place, how sure, how active, what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bidsapp.analyses.ms.change import Change
from bidsapp.analyses.ms.instances import Labels, numbers_of, sizes_of
from bidsapp.analyses.ms.places import Place

Array = NDArray[np.floating]

CONFIDENCE_LIMIT = 0.5
DOUBTS = {
    "variance": "Variance of the probability of lesion over the readings, as a share of its maximum, 1/4",
    "mutual_information": "Entropy of the mean probability less mean entropy of the readings, in bits: what "
    "they disagree on (Nair et al. 2020)",
}
_ACTIVE_MM3 = 10.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """What the network says of each voxel; arrays of shape ``(x, y, z)`` within 0-1, on the labels' grid.

    Attributes
    ----------
    lesion
        Probability of lesion.
    active
        Probability of an active lesion.
    active_low, active_high
        Ends of an interval of ``active``; both or none.
    confidence
        One minus a measure of uncertainty, scaled to 0-1.
    doubts
        Further measures of uncertainty by name, where several readings differ.
    """

    lesion: Array
    active: Array | None = None
    active_low: Array | None = None
    active_high: Array | None = None
    confidence: Array | None = None
    doubts: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Activity:
    """Probability that a lesion is active, and its interval where the network gives one."""

    probability: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """One lesion.

    Attributes
    ----------
    label
        Its value in the label map, 1 for the largest.
    centre
        Mean of its voxels, mm RAS of the subject's own space.
    probability_mean, probability_max
        Of lesion, over its voxels.
    activity
        ``None`` where the network does not tell.
    confidence
        Mean over its voxels; without an uncertainty, the mean probability.
    marked
        The confidence is below the limit: shown, but not to be relied on.
    change
        ``None`` without an earlier session.
    doubts
        Mean over its voxels of each further measure of uncertainty.
    """

    label: int
    volume_mm3: float
    centre: tuple[float, float, float]
    place: Place
    probability_mean: float
    probability_max: float
    activity: Activity | None
    confidence: float
    marked: bool
    change: Change | None
    doubts: Mapping[str, float] = field(default_factory=dict)


def describe_lesions(
    labels: Labels,
    affine: NDArray[np.float64],
    evidence: Evidence,
    places: Sequence[Place],
    changes: Sequence[Change] | None = None,
    *,
    confidence_limit: float = CONFIDENCE_LIMIT,
) -> tuple[Lesion, ...]:
    """Describe lesions 1, 2, ... of a label map.

    Parameters
    ----------
    labels
        Shape ``(x, y, z)``, from :func:`~bidsapp.analyses.ms.instances.find_instances`.
    affine
        Voxel indices to mm RAS, shape ``(4, 4)``.
    evidence
        What the network says.
    places, changes
        One for each lesion; ``changes`` is ``None`` without an earlier session.
    confidence_limit
        Lesions below are marked.
    """
    numbers = numbers_of(labels)
    if numbers.size == 0:
        return ()
    voxel_mm3 = float(abs(np.linalg.det(affine[:3, :3])))
    volumes = sizes_of(labels) * voxel_mm3
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, numbers)) @ affine[:3, :3].T + affine[:3, 3]
    mean = ndimage.mean(evidence.lesion, labels, numbers)
    highest = ndimage.maximum(evidence.lesion, labels, numbers)
    sure = mean if evidence.confidence is None else ndimage.mean(evidence.confidence, labels, numbers)
    doubts = {name: ndimage.mean(values, labels, numbers) for name, values in evidence.doubts.items()}
    activity = _activities(labels, evidence, voxel_mm3)
    return tuple(
        Lesion(
            label=place + 1,
            volume_mm3=float(volumes[place]),
            centre=(float(centres[place, 0]), float(centres[place, 1]), float(centres[place, 2])),
            place=places[place],
            probability_mean=float(mean[place]),
            probability_max=float(highest[place]),
            activity=activity[place],
            confidence=float(sure[place]),
            marked=bool(sure[place] < confidence_limit),
            change=changes[place] if changes is not None else None,
            doubts={name: float(values[place]) for name, values in doubts.items()},
        )
        for place in range(numbers.size)
    )


def _activities(labels: Labels, evidence: Evidence, voxel_mm3: float) -> list[Activity | None]:
    """Give the activity of each lesion: the mean over its 10 mm3 that are most probably active.

    Part of a lesion enhances, a ring or a nodule: the mean over all of it would hide that, the single highest
    voxel is noise. The interval is the mean over the same voxels of the voxels' intervals, as if their errors
    were all one: wide rather than narrow.
    """
    count = int(labels.max(initial=0))
    if evidence.active is None:
        return [None] * count
    most = max(1, round(_ACTIVE_MM3 / voxel_mm3))
    found: list[Activity | None] = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        inside = labels[box] == number
        values = evidence.active[box][inside]
        top = np.argsort(-values, kind="stable")[:most]
        interval = None
        if evidence.active_low is not None and evidence.active_high is not None:
            ends = [array[box][inside][top].mean() for array in (evidence.active_low, evidence.active_high)]
            interval = (float(ends[0]), float(ends[1]))
        found.append(Activity(probability=float(values[top].mean()), interval=interval))
    return found
