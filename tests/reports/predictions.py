"""Findings of an analysis that nobody knows, with what it predicted and what the tables said."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bidsapp.findings import Findings, Score
from bidsapp.reports.pairs import Pair, Pairs

from .cohorts import write


def prediction(
    subject: str,
    predicted: float | None,
    observed: float | None,
    *,
    session: str | None = None,
    limits: tuple[float, float] = (0.0, 23.0),
    half: float = 4.0,
) -> Findings:
    """Findings with both scores and an interval of ``half`` a width, cut at the limits."""
    ends = None
    if predicted is not None:
        ends = (max(predicted - half, limits[0]), min(predicted + half, limits[1]))
    scores = (
        Score(
            name="predicted_crs_r",
            value=predicted,
            description="Predicted",
            interval=ends,
            interval_meaning="90% interval",
            limits=limits,
        ),
        Score(name="observed_crs_r", value=observed, description="Observed", limits=limits),
    )
    return Findings(
        analysis="coma", title="Prediction", subject=subject, session=session, summary="", scores=scores
    )


def write_predictions(
    folder: Path,
    predicted: Sequence[float | None],
    observed: Sequence[float | None],
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
    limits: tuple[float, float] = (0.0, 23.0),
) -> None:
    """Write findings of one session each, from sub-01 on, and ``participants.tsv`` with ``columns``."""
    columns = columns or {}
    (folder / "dataset_description.json").write_text('{"Name": "Study (simulated)"}')
    lines = ["\t".join(["participant_id", *columns])]
    for number, (guess, truth) in enumerate(zip(predicted, observed, strict=True)):
        subject = f"{number + 1:02d}"
        write(folder, prediction(subject, guess, truth, limits=limits))
        lines.append("\t".join([f"sub-{subject}", *(values[number] for values in columns.values())]))
    (folder / "participants.tsv").write_text("\n".join(lines) + "\n")


def pairs_of(
    predicted: Sequence[float],
    observed: Sequence[float],
    subjects: Sequence[str] = (),
    *,
    limits: tuple[float, float] = (0.0, 23.0),
    half: float = 4.0,
) -> Pairs:
    """Pairs as the group level finds them; every visit is of another person without ``subjects``."""
    people = subjects or [f"{number:02d}" for number in range(len(predicted))]
    items = tuple(
        Pair(f"sub-{who}_ses-{number}", who, guess, truth, (guess - half, guess + half))
        for number, (who, guess, truth) in enumerate(zip(people, predicted, observed, strict=True))
    )
    return Pairs("coma", "crs_r", limits, "90% interval", items, 0, 0, ())


def outcomes(number: int, seed: int = 0) -> tuple[list[float], list[float]]:
    """Probabilities between 0 and 1, and outcomes that happen as often as they say."""
    rng = np.random.default_rng(seed)
    probability = rng.uniform(0.02, 0.98, number)
    return probability.tolist(), (rng.random(number) < probability).astype(float).tolist()
