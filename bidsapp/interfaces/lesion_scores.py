"""Agreement of lesion masks as scores and a table; each name and sentence says which protocol it follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bidsapp.findings import Column, Score, Table
from bidsapp.learning.lesion_agreement.agreement import LesionAgreement
from bidsapp.learning.lesion_agreement.detection import Detection

PROTOCOLS = {
    "anima": "protocol of MSSEG with Anima (Commowick 2018): lesions above 3 mm3 that share faces, more than "
    "10 % covered, by lesions that lie at most 70 % outside",
    "shifts": "protocol of Shifts (Malinin 2022): lesions that share faces, intersection over union of at "
    "least 0.25",
    "isbi": "protocol of ISBI 2015 (Carass 2017): lesions that share edges, any shared voxel",
}
_MEANINGS = {
    "f1": "F1 score of single lesions",
    "recall": "Share of the manual lesions that were found",
    "precision": "Share of the predicted lesions that hold",
}
_UNDEFINED = {
    "recall": "not defined: the manual mask has no such lesion",
    "precision": "not defined: no such lesion was predicted",
}
_COLUMNS = (
    Column(
        name="size", description="Volume of the lesion, above the first number up to the second", unit="mm3"
    ),
    Column(name="reference", description="Manual lesions of this size"),
    Column(name="found", description="Manual lesions of this size with a predicted partner"),
    Column(name="recall", description="Share of the manual lesions of this size that were found"),
    Column(name="predicted", description="Predicted lesions of this size"),
    Column(name="confirmed", description="Predicted lesions of this size with a manual partner"),
    Column(name="precision", description="Share of the predicted lesions of this size that hold"),
)


def agreement_scores(found: LesionAgreement, masks: str) -> tuple[Score, ...]:
    """Say the agreement as scores.

    Parameters
    ----------
    found
        The agreement.
    masks
        Which masks were compared, to end each sentence with: ``'Lesions' and m.nii.gz``.
    """
    relative = found.volume.relative
    scores = [
        Score(name="dice", value=found.dice, description="Dice overlap (Dice 1945)"),
        Score(
            name="ndsc_shifts",
            value=found.ndsc,
            description="Dice overlap scaled to a lesion load of 0.1 % (nDSC of Shifts, Raina 2023)",
        ),
        Score(
            name="volume_error_ml",
            value=found.volume.millilitres,
            unit="mL",
            description="Predicted less manual volume of lesions; above 0 where too much was predicted",
        ),
        Score(
            name="volume_error_relative",
            value=None if relative is None else 100 * relative,
            unit="%",
            description="Predicted less manual volume of lesions, of the manual volume"
            + ("; not defined: the manual mask is empty" if relative is None else ""),
        ),
        Score(
            name="hd95_mm",
            value=found.hd95_mm,
            unit="mm",
            description="Hausdorff distance of the surfaces, 95th percentile, the larger of both directions"
            + ("; not defined: one of the masks is empty" if found.hd95_mm is None else ""),
        ),
    ]
    for detection in (found.anima, found.shifts, found.isbi):
        scores += _detection_scores(detection)
    return tuple(_ending(score, f": {masks}.") for score in scores)


def size_table(detection: Detection, entities: dict[str, str]) -> Table:
    """List recall and precision by size of the lesion.

    Parameters
    ----------
    detection
        Lesions in pairs.
    entities
        Of the name of the table.
    """
    rows = tuple(
        (
            f"> {item.low_mm3:g}" if item.high_mm3 is None else f"{item.low_mm3:g}-{item.high_mm3:g}",
            item.reference,
            item.found,
            _rounded(item.recall),
            item.predicted,
            item.confirmed,
            _rounded(item.precision),
        )
        for item in detection.by_size()
    )
    return Table(
        title="Lesions found, by size (pairs one to one, intersection over union of at least 0.1)",
        suffix="stats",
        columns=_COLUMNS,
        rows=rows,
        entities=entities,
    )


def _detection_scores(detection: Detection) -> Iterator[Score]:
    values = {"f1": detection.f1, "recall": detection.recall, "precision": detection.precision}
    for measure, value in values.items():
        reason = f"; {_UNDEFINED[measure]}" if value is None else ""
        yield Score(
            name=f"{measure}_{detection.protocol}",
            value=value,
            description=f"{_MEANINGS[measure]}, {PROTOCOLS[detection.protocol]}{reason}",
        )


def _ending(score: Score, end: str) -> Score:
    return replace(score, description=score.description + end)


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 3)
