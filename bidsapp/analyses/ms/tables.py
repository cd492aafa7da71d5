"""The lesions as a table, and the numbers of the subject as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from bidsapp.analyses.ms.change import Comparison
from bidsapp.analyses.ms.lesions import DOUBTS, Lesion
from bidsapp.analyses.ms.places import PLACES
from bidsapp.findings import Cell, Column, Score, Table

ACTIVE_FROM = 0.5
DISSEMINATION = ("periventricular", "juxtacortical", "infratentorial")

_ABOUT = (
    Column(name="index", description="Value of the lesion in the label map; 1 is the largest"),
    Column(name="name", description="Name of the lesion"),
    Column(
        name="place",
        description="periventricular: within 3 mm of the lateral ventricles; juxtacortical: touches or lies "
        "in cortex; infratentorial: mostly in brain stem or cerebellum; deep: elsewhere",
    ),
    Column(name="volume_mm3", description="Volume", unit="mm3"),
    Column(name="probability_mean", description="Probability of lesion, mean over its voxels"),
    Column(name="probability_max", description="Probability of lesion, highest of its voxels"),
    Column(name="confidence", description="How sure the network is of the lesion, 0 to 1"),
    Column(name="marked", description="The confidence is below the limit: do not rely on this lesion"),
)
_ACTIVITY = (
    Column(
        name="activity",
        description="Probability that the lesion would enhance with gadolinium: told from the whole lesion's "
        "change on FLAIR, or the mean over the 10 mm3 of it that are most probably active",
    ),
    Column(name="activity_low", description="Lower end of the interval of activity"),
    Column(name="activity_high", description="Upper end of the interval of activity"),
    Column(name="active", description=f"The activity is {ACTIVE_FROM:g} or more"),
)
_CHANGE = (
    Column(
        name="change",
        description="Against the earlier session. new: no earlier lesion within 2 mm; enlarged: at least "
        "50 % and 20 mm3 larger, or 20 mm3 in one piece more than 2 mm outside of it; shrunk: the same the "
        "other way round; unclear: seen in part before, not scanned then, or brighter on FLAIR by less than "
        "half; stable: none of these",
    ),
    Column(name="before_mm3", description="Volume of the same lesion in the earlier session", unit="mm3"),
    Column(name="new_mm3", description="Volume more than 1 mm outside of the earlier lesions", unit="mm3"),
)
_CENTRE = tuple(
    Column(name=axis, description=f"{axis} of the centre, subject's own space, RAS", unit="mm")
    for axis in "xyz"
)


def lesion_table(lesions: Sequence[Lesion], comparison: Comparison | None = None) -> Table:
    """List the lesions, largest first; columns of activity and change are there where they are known."""
    has_activity = any(lesion.activity for lesion in lesions)
    doubts = _doubts(lesions)
    columns = _ABOUT + doubts + _ACTIVITY * has_activity + _CHANGE * (comparison is not None) + _CENTRE
    return Table(
        title="Lesions",
        suffix="dseg",
        entities={"seg": "lesions"},
        columns=columns,
        rows=tuple(_row(lesion, has_activity) for lesion in lesions),
        display="lesions",
    )


def _doubts(lesions: Sequence[Lesion]) -> tuple[Column, ...]:
    """Give a column for each further measure of uncertainty."""
    names = lesions[0].doubts if lesions else ()
    return tuple(
        Column(name=name, description=f"{DOUBTS[name]}; mean over the lesion's voxels") for name in names
    )


def _row(lesion: Lesion, has_activity: bool) -> tuple[Cell, ...]:
    cells: list[Cell] = [
        lesion.label,
        f"lesion {lesion.label}",
        lesion.place,
        round(lesion.volume_mm3, 1),
        *(round(value, 3) for value in (lesion.probability_mean, lesion.probability_max, lesion.confidence)),
        lesion.marked,
        *(round(value, 4) for value in lesion.doubts.values()),
    ]
    if has_activity and lesion.activity:
        ends = lesion.activity.interval or (None, None)
        cells += [
            round(lesion.activity.probability, 3),
            *(end if end is None else round(end, 3) for end in ends),
        ]
        cells.append(is_active(lesion))
    if lesion.change:
        cells += [lesion.change.kind, round(lesion.change.before_mm3, 1), round(lesion.change.new_mm3, 1)]
    return (*cells, *(round(value, 1) for value in lesion.centre))


def is_active(lesion: Lesion) -> bool:
    """Tell whether a lesion is probably active."""
    return lesion.activity is not None and lesion.activity.probability >= ACTIVE_FROM


def lesion_scores(
    lesions: Sequence[Lesion], comparison: Comparison | None = None, *, activity: bool
) -> tuple[Score, ...]:
    """Give the numbers of the subject: all lesions, by place, change, and active ones where that is told."""
    scores = [
        _count("lesions", lesions, "Number of lesions of at least 3 mm3; confluent ones count as one"),
        _load("lesion_load_ml", lesions, "Volume of all lesions"),
        Score(
            name="marked_lesions",
            value=float(sum(lesion.marked for lesion in lesions)),
            description="Lesions below the limit of confidence: counted, but not to be relied on",
        ),
        _dissemination(lesions),
    ]
    for place in PLACES:
        own = [lesion for lesion in lesions if lesion.place == place]
        scores.append(_count(f"{place}_lesions", own, f"Number of {place} lesions"))
        scores.append(_load(f"{place}_load_ml", own, f"Volume of {place} lesions"))
    if activity:
        active = [lesion for lesion in lesions if is_active(lesion)]
        text = f"Lesions that would enhance with a probability of {ACTIVE_FROM:g} or more"
        scores.append(_count("active_lesions", active, text))
    return (*scores, *(_change_scores(comparison) if comparison else ()))


def _count(name: str, lesions: Sequence[Lesion], description: str) -> Score:
    sure = sum(not lesion.marked for lesion in lesions)
    return _with_sure(name, float(len(lesions)), float(sure), description, "")


def _load(name: str, lesions: Sequence[Lesion], description: str) -> Score:
    volume = sum(lesion.volume_mm3 for lesion in lesions) / 1000
    sure = sum(lesion.volume_mm3 for lesion in lesions if not lesion.marked) / 1000
    return _with_sure(name, volume, sure, description, "mL")


def _with_sure(name: str, value: float, sure: float, description: str, unit: str) -> Score:
    """Give a score whose interval starts at the value without the lesions that are marked."""
    interval = (round(sure, 4), round(value, 4)) if sure < value else None
    return Score(
        name=name,
        value=round(value, 4),
        unit=unit,
        description=f"{description}.",
        interval=interval,
        interval_meaning="without and with the marked lesions" if interval else "",
    )


def _dissemination(lesions: Sequence[Lesion]) -> Score:
    held = sum(any(lesion.place == place for lesion in lesions) for place in DISSEMINATION)
    sure = sum(
        any(lesion.place == place and not lesion.marked for lesion in lesions) for place in DISSEMINATION
    )
    text = (
        "Of the four regions that the 2017 McDonald criteria count for dissemination in space, those with a "
        "lesion: periventricular, cortical or juxtacortical, infratentorial. Each lesion counts in one "
        "region alone, and from 3 mm3 on, where the criteria ask for a length of 3 mm. The fourth, the "
        "spinal cord, is not seen here. A count, no diagnosis"
    )
    return _with_sure("mcdonald_regions", float(held), float(sure), text, "")


def _change_scores(comparison: Comparison) -> tuple[Score, ...]:
    def count(name: str, value: int, text: str) -> Score:
        return Score(name=name, value=float(value), description=f"{text}, against the earlier session.")

    change = (comparison.now_mm3 - comparison.before_mm3) / 1000
    return (
        count("new_lesions", comparison.count("new"), "Lesions with no earlier one within 2 mm"),
        count("enlarged_lesions", comparison.count("enlarged"), "Lesions that have grown beyond the noise"),
        count("shrunk_lesions", comparison.count("shrunk"), "Lesions that have shrunk beyond the noise"),
        count("unclear_lesions", comparison.count("unclear"), "Lesions that the earlier scan showed in part"),
        count("resolved_lesions", len(comparison.resolved_mm3), "Earlier lesions that are no longer there"),
        Score(
            name="new_volume_ml",
            value=round(comparison.new_mm3 / 1000, 4),
            unit="mL",
            description="Volume of new and enlarged lesions more than 1 mm outside of the earlier ones.",
        ),
        Score(
            name="load_change_ml",
            value=round(change, 4),
            unit="mL",
            description="Volume of all lesions less that of the earlier session.",
        ),
    )
