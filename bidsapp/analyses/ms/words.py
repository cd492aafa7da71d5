"""What a reader sees first: the summary, and the texts that say what must not be concluded."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bidsapp.analyses.ms.change import ChangeKind, Comparison
from bidsapp.analyses.ms.lesions import Lesion
from bidsapp.analyses.ms.places import PLACES
from bidsapp.analyses.ms.tables import is_active

RESEARCH_ONLY = "For research use only."
SYNTHESIS_TITLE = "Synthesised T1w after gadolinium: NOT an image of the patient, not for diagnosis"
SYNTHESIS_WARNING = (
    "The T1w after gadolinium was synthesised by a network: no contrast agent was given, and nothing in "
    "it was measured. It must not be used for diagnosis, for treatment, or in place of an examination with "
    "contrast agent; enhancement that it shows may not exist, and enhancement that exists may be "
    "missing from it."
)
ACTIVITY_WARNING = (
    "The activity was predicted without contrast agent. Whether a lesion enhances can be seen only on an "
    "image after gadolinium."
)
SIMULATED_ACTIVITY = "How activity shows was learned from simulated lesions alone, not from patients."
CORD_WARNING = "The spinal cord is not seen: lesions there count neither in the load nor in the regions."


def summary(lesions: Sequence[Lesion], comparison: Comparison | None = None) -> str:
    """Say in a few sentences what was found, and that it is for research only."""
    if not lesions:
        found = "No lesion of 3 mm3 or more was found; small or faint ones can be missed."
    else:
        load = sum(lesion.volume_mm3 for lesion in lesions) / 1000
        by_place = {place: sum(lesion.place == place for lesion in lesions) for place in PLACES}
        where = ", ".join(f"{number} {place}" for place, number in by_place.items() if number)
        found = f"{_many(len(lesions), 'lesion')}, {load:.2f} mL in all: {where}."
    parts = [found, _marked(lesions), _active(lesions), _changed(comparison), RESEARCH_ONLY]
    return " ".join(part for part in parts if part)


def warnings(*, synthesised: bool, activity: bool, simulated: bool = False) -> tuple[str, ...]:
    """Give what a reader must know before using the results.

    Parameters
    ----------
    synthesised, activity
        Whether there is a synthesised image, and whether activity is told.
    simulated
        Whether no patient taught the activity.
    """
    learned = activity and simulated
    return (
        *([SYNTHESIS_WARNING] * synthesised),
        *([ACTIVITY_WARNING] * activity),
        *([SIMULATED_ACTIVITY] * learned),
        CORD_WARNING,
    )


def undrawn(lesions: Sequence[Lesion], drawn: Collection[int]) -> tuple[str, ...]:
    """Say which lesions are in the table, but in no voxel of the label map: thick slices pass them by.

    Parameters
    ----------
    lesions
        All that were found at 1 mm.
    drawn
        Values of the label map on the grid of the images.
    """
    count = sum(lesion.label not in drawn for lesion in lesions)
    if not count:
        return ()
    return (
        f"Of {_many(len(lesions), 'lesion')} {count} fell between the slices of the images: such a lesion is "
        "in the table, which is measured at 1 mm, but not in the lesion mask.",
    )


def _marked(lesions: Sequence[Lesion]) -> str:
    count = sum(lesion.marked for lesion in lesions)
    return f"{count} of them are marked as uncertain." if count else ""


def _active(lesions: Sequence[Lesion]) -> str:
    if not any(lesion.activity for lesion in lesions):
        return ""
    active = [lesion for lesion in lesions if is_active(lesion)]
    if not active:
        return "None is probably active."
    first = max(active, key=lambda lesion: lesion.activity.probability if lesion.activity else 0.0)
    assert first.activity is not None
    return (
        f"Probably active: {len(active)}; the most probable is lesion {first.label}, {first.place} "
        f"({first.activity.probability:.0%})."
    )


def _changed(comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    kinds: tuple[ChangeKind, ...] = ("new", "enlarged", "shrunk")
    counts = ", ".join(f"{comparison.count(kind)} {kind}" for kind in kinds)
    change = (comparison.now_mm3 - comparison.before_mm3) / 1000
    return (
        f"Since the earlier session: {counts}, {len(comparison.resolved_mm3)} resolved; the load changed by "
        f"{change:+.2f} mL."
    )


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
