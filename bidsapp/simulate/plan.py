"""The people of the sample dataset and their lesions, as declared in ``data/sample/plan.json``."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from bidsapp.errors import UsageError

ImageName = Literal["T1w", "FLAIR", "ceT1w", "pet"]
Tissue = Literal["wm", "cortex", "brain"]


@dataclass(frozen=True)
class Layer:
    """One shell of a lesion: its kind (key of `Plan.kinds`) and the diameter in mm it reaches."""

    kind: str
    size_mm: float


@dataclass(frozen=True)
class PlannedLesion:
    """A lesion: where it is (MNI, mm), in which tissue, and its layers in each session, outermost first."""

    name: str
    tissue: Tissue
    mni: tuple[float, float, float]
    layers: dict[str, tuple[Layer, ...]]


@dataclass(frozen=True)
class PlannedSession:
    """A visit; the label is empty where the subject has no session level."""

    label: str
    days: int
    images: tuple[ImageName, ...]


@dataclass(frozen=True)
class PlannedSubject:
    """One simulated person."""

    label: str
    group: str
    age: int
    sex: str
    weight: float
    sessions: tuple[PlannedSession, ...]
    lesions: tuple[PlannedLesion, ...]


@dataclass(frozen=True)
class Plan:
    """The sample: subjects, and what each kind of lesion looks like in each contrast."""

    kinds: dict[str, dict[str, float]]
    subjects: tuple[PlannedSubject, ...]

    def select(self, labels: Sequence[str] | None) -> tuple[PlannedSubject, ...]:
        """Give the subjects with these labels, in the plan's order; all for ``None``.

        Raises
        ------
        bidsapp.errors.UsageError
            A label is not in the plan.
        """
        if labels is None:
            return self.subjects
        wanted = {label.removeprefix("sub-") for label in labels}
        known = [subject.label for subject in self.subjects]
        unknown = sorted(wanted.difference(known))
        if unknown:
            raise UsageError(
                f"The sample has no subject {', '.join(unknown)}; choose from {', '.join(known)}."
            )
        return tuple(subject for subject in self.subjects if subject.label in wanted)


@functools.cache
def load_plan() -> Plan:
    """Read the packaged plan."""
    text = resources.files("bidsapp").joinpath("data/sample/plan.json").read_text(encoding="utf-8")
    content = json.loads(text)
    return Plan(
        kinds=content["kinds"],
        subjects=tuple(
            PlannedSubject(
                label=subject["label"],
                group=subject["group"],
                age=subject["age"],
                sex=subject["sex"],
                weight=subject["weight"],
                sessions=tuple(
                    PlannedSession(visit.get("label", ""), visit.get("days", 0), tuple(visit["images"]))
                    for visit in subject["sessions"]
                ),
                lesions=tuple(
                    PlannedLesion(
                        name=lesion["name"],
                        tissue=lesion["tissue"],
                        mni=tuple(lesion["mni"]),
                        layers={
                            session: tuple(Layer(kind, size) for kind, size in layers)
                            for session, layers in lesion["layers"].items()
                        },
                    )
                    for lesion in subject.get("lesions", ())
                ),
            )
            for subject in content["subjects"]
        ),
    )
