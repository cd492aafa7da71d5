"""The Coma Recovery Scale-Revised as numbers: what its scores may be, and which states they allow.

Only ranges and thresholds are here; the text of the scale has its own licence. The signs of each state are
those of Giacino, Kalmar and Whyte, Arch Phys Med Rehabil 2004, doi:10.1016/j.apmr.2004.02.033.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from bidsapp.errors import BadDataError


class State(IntEnum):
    """State of consciousness, in order; ``UWS`` is unresponsive wakefulness or coma."""

    UWS = 0
    MCS = 1
    EMERGED = 2


@dataclass(frozen=True)
class Subscale:
    """Highest score of a subscale (the lowest is 0), and the scores that are signs of a state."""

    maximum: int
    mcs: tuple[int, ...] = ()
    emerged: tuple[int, ...] = ()

    def sign(self, score: int) -> State:
        """Give the state that this score is a sign of; ``UWS`` where it is a sign of no other."""
        if score in self.emerged:
            return State.EMERGED
        return State.MCS if score in self.mcs else State.UWS

    @property
    def highest_sign(self) -> State:
        """The highest state that any score of this subscale is a sign of."""
        return max(self.sign(score) for score in range(self.maximum + 1))


SUBSCALES: Mapping[str, Subscale] = MappingProxyType(
    {
        "auditory": Subscale(4, mcs=(3, 4)),
        "visual": Subscale(5, mcs=(2, 3, 4, 5)),
        "motor": Subscale(6, mcs=(3, 4, 5), emerged=(6,)),
        "oromotor": Subscale(3, mcs=(3,)),
        "communication": Subscale(2, mcs=(1,), emerged=(2,)),
        "arousal": Subscale(3),
    }
)
MAXIMUM = sum(subscale.maximum for subscale in SUBSCALES.values())


def diagnose(subscales: Mapping[str, int]) -> State | None:
    """Give the state that the subscales of one exam show.

    Parameters
    ----------
    subscales
        Checked scores by subscale; some may be missing.

    Returns
    -------
    State or None
        ``None`` where a missing subscale could show a higher state than those that are there.
    """
    signs = (SUBSCALES[name].sign(score) for name, score in subscales.items())
    seen = max(signs, default=State.UWS)
    missing = (SUBSCALES[name].highest_sign for name in SUBSCALES if name not in subscales)
    return None if max(missing, default=State.UWS) > seen else seen


def check_total(total: float, where: str) -> int:
    """Give a total as a whole number.

    Raises
    ------
    BadDataError
        It is not a whole number from 0 to 23; ``where`` tells subject, file and column.
    """
    return _whole(total, MAXIMUM, f"The CRS-R total of {where}")


def check_subscales(subscales: Mapping[str, float], where: str) -> dict[str, int]:
    """Give the scores of subscales as whole numbers.

    Raises
    ------
    BadDataError
        A subscale is unknown, or a score is not a whole number within its range.
    """
    unknown = sorted(set(subscales) - set(SUBSCALES))
    if unknown:
        raise BadDataError(
            f"The CRS-R of {where} has a subscale '{unknown[0]}'; name it one of {', '.join(SUBSCALES)}."
        )
    return {
        name: _whole(subscales[name], subscale.maximum, f"The CRS-R {name} score of {where}")
        for name, subscale in SUBSCALES.items()
        if name in subscales
    }


def check_sum(total: int | None, subscales: Mapping[str, int], where: str) -> int:
    """Give the total, after comparing it with the subscales that are there.

    Raises
    ------
    BadDataError
        The subscales do not add up to the total, or there is neither a total nor all six subscales.
    """
    known = sum(subscales.values())
    missing = [name for name in SUBSCALES if name not in subscales]
    if total is None:
        if missing:
            raise BadDataError(
                f"The CRS-R of {where} has no total and lacks {', '.join(missing)}; add either."
            )
        return known
    if not known <= total <= known + sum(SUBSCALES[name].maximum for name in missing):
        without = " without the missing ones" if missing else ""
        raise BadDataError(
            f"The CRS-R subscales of {where} add up to {known}{without}, but the total is {total}; "
            "correct the one that is wrong."
        )
    return total


def _whole(score: float, maximum: int, what: str) -> int:
    if not (0 <= score <= maximum and float(score).is_integer()):
        raise BadDataError(f"{what} is {score:g}; correct it to a whole number from 0 to {maximum}.")
    return int(score)
