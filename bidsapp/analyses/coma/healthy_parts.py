"""What a guard reads of people: the images and signals that many have together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bidsapp.analyses.coma.patient import ANOMALY, Patient
from bidsapp.errors import BadDataError

FEWEST = 10
"""Patients, and controls, that a guard needs."""
_SERIES = "bold-series"
_SHARE = 0.5


def shared(patients: Sequence[Patient], controls: Sequence[Patient]) -> tuple[str, ...]:
    """Choose the images, and ``bold-series``, that a guard reads: who lacks one of them is not judged.

    Each is taken in turn, those that most have first, if half of the patients and half of the controls, and
    ten people or more of either, have it and all that were taken before.

    Raises
    ------
    BadDataError
        There is none that so many have.
    """
    sides = (patients, controls)
    known = sorted({key for side in sides for person in side for key in parts_of(person)})
    share = {key: min(len(complete(side, [key])) / len(side) for side in sides) for key in known}
    taken: list[str] = []
    for key in sorted(known, key=lambda key: (-share[key], key)):
        if all(_are_many(complete(side, [*taken, key]), side) for side in sides):
            taken.append(key)
    if not taken:
        raise BadDataError(
            f"--controls: no image and no resting-state signals are there of half of the patients and half "
            f"of the healthy controls, {FEWEST} people or more of either; prepare both alike, or leave "
            "--controls out."
        )
    return tuple(sorted(taken))


def complete(people: Sequence[Patient], keys: Sequence[str]) -> list[Patient]:
    """Leave those who have all of these images and signals."""
    return [person for person in people if parts_of(person).issuperset(keys)]


def parts_of(person: Patient) -> frozenset[str]:
    """Give what a guard could read; an anomaly map rests on healthy people, maybe on these, so it is not."""
    images = {key for key, own in person.regions.items() if own and not key.startswith(ANOMALY)}
    return frozenset(images | ({_SERIES} if "bold" in person.series else set()))


def only(person: Patient, keys: Sequence[str]) -> Patient:
    """Leave of a person only these images and series, and nothing of the bedside."""
    return replace(
        person,
        volumes={},
        series={"bold": person.series["bold"]} if _SERIES in keys and "bold" in person.series else {},
        regions={key: own for key, own in person.regions.items() if key in keys},
        clinical={},
    )


def _are_many(having: Sequence[Patient], side: Sequence[Patient]) -> bool:
    return len(having) >= _SHARE * len(side) and len({person.subject for person in having}) >= FEWEST
