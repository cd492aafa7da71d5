r"""Cerebral blood flow from labelled blood, by the single-compartment model of the consensus of 2015.

With :math:`\Delta M` = control - label (Alsop 2015, MRM 73:102, equations 1 and 2; Buxton 1998, MRM 40:383),

.. math::
    \mathrm{CBF}_\mathrm{PCASL} = \frac{6000\, \lambda\, \Delta M\, e^{PLD/T_1}}
        {2\, \alpha\, T_1\, M_0\, (1 - e^{-\tau/T_1})} \qquad
    \mathrm{CBF}_\mathrm{PASL} = \frac{6000\, \lambda\, \Delta M\, e^{TI/T_1}}{2\, \alpha\, TI_1\, M_0}

in ml/100 g/min, with :math:`T_1` of blood and times in seconds. It holds where all labelled blood has
arrived: after a delay that is too short for the patient, flow is underestimated and lies in the arteries.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError
from bidsapp.images.labelling import Labelling

PARTITION = 0.9
"""Brain-blood partition coefficient (ml/g), Herscovitch 1985."""
T1_TISSUE = 1.3
"""Seconds, of grey matter at 3 T; for an M0 that was not given 5 s to recover (Alsop 2015)."""
_RECOVERED = 5.0
_LEAST_M0 = 0.1  # of its median: less is no tissue, and would blow up the quotient


def flow(
    difference: NDArray[np.floating],
    m0: NDArray[np.floating],
    labelling: Labelling,
    volume: int,
) -> NDArray[np.float64]:
    """Turn a difference image into blood flow.

    Parameters
    ----------
    difference
        Shape ``(x, y, z)``: control minus label.
    m0
        Equilibrium magnetisation on the same grid, in the same unit; flow is 0 where it is below a tenth of
        its median over positive voxels.
    labelling
        Timing.
    volume
        Index of the volume whose delay and duration count.

    Returns
    -------
    cbf
        ml/100 g/min.

    Raises
    ------
    BadDataError
        M0 is nowhere positive, or the slice times are of another number of slices.
    """
    t1 = labelling.t1_blood
    delay = labelling.delay[volume] + _slice_delays(labelling, difference.shape)
    if labelling.kind == "PASL":
        labelled = labelling.duration[volume]
    else:
        labelled = t1 * (1 - np.exp(-labelling.duration[volume] / t1))
    scale = 6000 * PARTITION * np.exp(delay / t1) / (2 * labelling.efficiency * labelled)
    positive = m0[m0 > 0]
    if positive.size == 0:
        raise BadDataError("M0 is nowhere positive; look at the calibration volume of the ASL series.")
    sound = m0 > _LEAST_M0 * np.median(positive)
    ratio = np.divide(difference, m0, out=np.zeros(m0.shape), where=sound)
    return np.asarray(ratio * scale, dtype=np.float64)


def pair_up(kinds: Sequence[str], labelling: Labelling) -> tuple[list[tuple[int, int]], list[str]]:
    """Pair each control volume with its label in the order of time; of several delays the longest counts.

    Returns
    -------
    pairs, notes
        Indices of control and label, and sentences on what was left out.

    Raises
    ------
    BadDataError
        There is no pair, or the two volumes of a pair have different delays.
    """
    controls = [place for place, kind in enumerate(kinds) if kind == "control"]
    labels = [place for place, kind in enumerate(kinds) if kind == "label"]
    pairs = list(zip(controls, labels, strict=False))
    notes = []
    if not pairs:
        raise BadDataError("the ASL series has no pair of control and label; look at aslcontext.tsv.")
    if len(controls) != len(labels):
        notes.append(f"{abs(len(controls) - len(labels))} volumes of the ASL series have no partner")
    delays = labelling.delay
    if any(delays[control] != delays[label] for control, label in pairs):
        raise BadDataError(
            "control and label of a pair have different PostLabelingDelay; correct the sidecar."
        )
    kept, more = keep_longest([control for control, _ in pairs], labelling)
    return [pair for pair in pairs if pair[0] in kept], notes + more


def keep_longest(volumes: Sequence[int], labelling: Labelling) -> tuple[frozenset[int], list[str]]:
    """Keep the volumes of the longest delay: there most of the label has arrived."""
    delays = {place: float(labelling.delay[place]) for place in volumes}
    longest = max(delays.values())
    kept = frozenset(place for place, delay in delays.items() if delay == longest)
    if len(kept) == len(delays):
        return kept, []
    return kept, [f"of several post-labelling delays the longest ({longest:g} s) was used"]


def recovered(m0: NDArray[np.floating], repetition: float | None) -> NDArray[np.float64]:
    """Correct M0 for a short repetition time (s): divide by 1 - exp(-TR / 1.3 s), below 5 s (Alsop 2015)."""
    data = np.asarray(m0, dtype=np.float64)
    if repetition is None or repetition >= _RECOVERED or repetition <= 0:
        return data
    return np.asarray(data / (1 - np.exp(-repetition / T1_TISSUE)), dtype=np.float64)


def spatial_variation(cbf: NDArray[np.floating], grey: NDArray[np.bool_]) -> float | None:
    """Give the spatial coefficient of variation of flow in grey matter (Mutsaerts 2017, JCBFM 37:3184).

    High where labelled blood is still in the arteries; ``None`` where the mean flow is not positive.
    """
    inside = cbf[grey]
    if inside.size < 2 or inside.mean() <= 0:
        return None
    return float(inside.std() / inside.mean())


def _slice_delays(labelling: Labelling, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Give the delay of each slice, to be broadcast along the axis of the slices."""
    if not labelling.slice_delays:
        return np.zeros(1)
    slices = shape[labelling.slice_axis]
    if len(labelling.slice_delays) != slices:
        raise BadDataError(
            f"SliceTiming of the ASL series has {len(labelling.slice_delays)} times for {slices} slices; "
            "correct the sidecar."
        )
    along = [-1 if axis == labelling.slice_axis else 1 for axis in range(3)]
    return np.asarray(labelling.slice_delays).reshape(along)
