"""Maps that the dataset gives: their unit is told by their values, since sidecars rarely state it."""

from __future__ import annotations

import numpy as np

from bidsapp.errors import BadDataError
from bidsapp.images.volume import Volume

ADC_SCALES = {"mm2/s": 1.0, "um2/ms": 1e-3, "um2/s": 1e-6}
"""What scanners write an ADC in; the factor makes it mm2/s."""
ADC_RANGE = (2e-4, 4e-3)
"""Median ADC of a brain in mm2/s: dead tissue to free water. The units are 1000 apart: only one fits."""
_FA_MAXIMUM = 1.23  # a tensor with negative eigenvalues reaches sqrt(3/2)


def in_unit(name: str, given: Volume, brain: Volume) -> tuple[Volume, list[str]]:
    """Bring a given map into the app's unit: ADC in mm2/s, FA from 0 to 1, CBF in ml/100 g/min.

    Parameters
    ----------
    name
        ``ADC``, ``FA`` or ``cbf``.
    given
        The map as it is.
    brain
        Mask on its grid.

    Returns
    -------
    volume, notes
        The map, and a sentence where it was scaled.

    Raises
    ------
    BadDataError
        The values are of no unit that is known.
    """
    inside = given.data[brain.data > 0.5]
    inside = inside[inside > 0]
    if inside.size == 0:
        raise BadDataError(f"the {name} map is empty inside the brain; exclude it.")
    if name == "FA" and float(np.percentile(inside, 99)) > _FA_MAXIMUM:
        raise BadDataError("the FA map has values beyond 1; scale it to 0 to 1 or exclude it.")
    if name != "ADC":
        return given, []
    median = float(np.median(inside))
    for unit, scale in ADC_SCALES.items():
        if ADC_RANGE[0] <= median * scale <= ADC_RANGE[1]:
            said = [] if scale == 1.0 else [f"the ADC was read as {unit}, by its median of {median:.3g}"]
            return given.with_data(given.data * scale), said
    raise BadDataError(
        f"the ADC map has a median of {median:.3g} in the brain, which no usual unit explains."
    )
