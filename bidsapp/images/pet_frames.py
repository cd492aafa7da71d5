"""Timing and decay of dynamic PET, as its sidecar says them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError

HALF_LIVES = {"F18": 109.77 * 60, "C11": 20.364 * 60, "O15": 122.24, "N13": 9.965 * 60, "GA68": 67.71 * 60}
"""Seconds (Evaluated Nuclear Structure Data File, ENSDF)."""
_ABUTS = 1.0  # second by which a frame may begin before the one before it has ended


@dataclass(frozen=True, eq=False)
class FrameTiming:
    """When the frames of a scan were taken.

    Attributes
    ----------
    starts, durations
        Begin and length of each frame, shape ``(t,)``, seconds.
    after_injection
        Whether the times count from the injection; from the sidecar's time zero where it names none.
    """

    starts: NDArray[np.float64]
    durations: NDArray[np.float64]
    after_injection: bool = True

    @property
    def middles(self) -> NDArray[np.float64]:
        """Middle of each frame."""
        return self.starts + self.durations / 2

    @property
    def ends(self) -> NDArray[np.float64]:
        """End of each frame."""
        return self.starts + self.durations


def frame_timing(metadata: Mapping[str, object], frames: int) -> FrameTiming:
    """Read ``FrameTimesStart`` and ``FrameDuration``, after injection where ``InjectionStart`` is known.

    Raises
    ------
    BadDataError
        They are missing, no numbers, not as many as frames, or frames overlap.
    """
    starts = _seconds(metadata, "FrameTimesStart", frames)
    durations = _seconds(metadata, "FrameDuration", frames)
    if durations.min() <= 0:
        raise BadDataError("FrameDuration must hold positive seconds; correct the sidecar of the PET image.")
    early = np.flatnonzero(np.diff(starts) < durations[:-1] - _ABUTS)
    if early.size:
        index = int(early[0])
        raise BadDataError(
            f"PET frame {index + 2} starts at {starts[index + 1]:g} s, before frame {index + 1} ends "
            f"({starts[index] + durations[index]:g} s); correct FrameTimesStart or FrameDuration."
        )
    injected = metadata.get("InjectionStart")
    if not isinstance(injected, int | float):
        return FrameTiming(starts, durations, after_injection=False)
    return FrameTiming(starts - float(injected), durations)


def decay_factors(metadata: Mapping[str, object], timing: FrameTiming) -> tuple[NDArray[np.float64], str]:
    r"""Give what each frame is to be multiplied with to undo radioactive decay, and a sentence on it.

    A frame from :math:`t` of length :math:`d` was weakened by
    :math:`e^{-\lambda t} (1 - e^{-\lambda d}) / (\lambda d)`; the factor is its inverse. It is 1 where the
    sidecar says that the image is corrected; whether to the scan's begin or to the injection
    (``ImageDecayCorrectionTime``) only scales all frames alike, which ratios do not see.

    Raises
    ------
    BadDataError
        The image is not corrected, and the radionuclide is not given or not known.
    """
    corrected = metadata.get("ImageDecayCorrected")
    if corrected is True:
        return np.ones(timing.starts.size), "decay was corrected at the scanner"
    if corrected is None:
        return np.ones(timing.starts.size), "its sidecar does not say ImageDecayCorrected: taken as corrected"
    name = str(metadata.get("TracerRadionuclide", ""))
    half_life = HALF_LIVES.get(_isotope(name))
    if half_life is None:
        raise BadDataError(
            "PET is not corrected for decay (ImageDecayCorrected is false) and its TracerRadionuclide is "
            f"{name or 'missing'}; name one of {', '.join(HALF_LIVES)} in the sidecar."
        )
    rate = np.log(2) / half_life
    during = rate * timing.durations / -np.expm1(-rate * timing.durations)
    return np.exp(rate * timing.starts) * during, f"decay was corrected ({name}, half-life {half_life:g} s)"


def late_frames(timing: FrameTiming, start: float, end: float) -> NDArray[np.bool_]:
    """Tell which frames have their middle between ``start`` and ``end`` seconds after injection."""
    return (timing.middles >= start) & (timing.middles <= end)


def _isotope(name: str) -> str:
    letters = "".join(character for character in name if character.isalpha())
    digits = "".join(character for character in name if character.isdigit())
    return (letters + digits).upper()


def _seconds(metadata: Mapping[str, object], field: str, frames: int) -> NDArray[np.float64]:
    value = metadata.get(field)
    if not isinstance(value, list) or not all(isinstance(item, int | float) for item in value):
        raise BadDataError(
            f"{field} is missing or no list of seconds; add it to the sidecar of the PET image."
        )
    if len(value) != frames:
        raise BadDataError(f"{field} has {len(value)} entries for {frames} PET frames; correct the sidecar.")
    return np.asarray(value, dtype=np.float64)
