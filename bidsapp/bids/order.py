"""Which session came first: by the time in sessions.tsv, else by the number in the label, else unknown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

TIME = "acq_time"
Covariates = Mapping[str, str | float]


def order_sessions(sessions: Sequence[tuple[str, Covariates]]) -> tuple[int, ...] | None:
    """Order the sessions of a subject in time.

    Parameters
    ----------
    sessions
        Label (without ``ses-``) and covariates of each.

    Returns
    -------
    order
        Places of ``sessions``, earliest first; ``None`` where the order is not known: neither has each
        session a time of its own in ``sessions.tsv`` (``acq_time``, ISO 8601), nor do the labels differ by a
        number alone (``1``, ``2``; ``M00``, ``M12``).
    """
    for keys in (
        [_time(covariates) for _, covariates in sessions],
        _numbers([label for label, _ in sessions]),
    ):
        known = [key for key in keys if key is not None]
        if len(set(known)) == len(sessions):
            return tuple(sorted(range(len(sessions)), key=lambda place: known[place]))
    return None


def _time(covariates: Covariates) -> float | None:
    try:
        return datetime.fromisoformat(str(covariates.get(TIME, ""))).replace(tzinfo=None).timestamp()
    except ValueError:
        return None


def _numbers(labels: Sequence[str]) -> list[float | None]:
    """Give the number in each label, if all else in the labels is equal."""
    found = [re.fullmatch(r"(\D*)(\d+)(\D*)", label) for label in labels]
    around = {(match.group(1).lower(), match.group(3).lower()) for match in found if match}
    if len(around) != 1 or not all(found):
        return [None] * len(labels)
    return [float(match.group(2)) if match else None for match in found]
