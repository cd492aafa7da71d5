"""What ``--dry-run`` prints: for each session the files, the steps planned and done, what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.reports.numbers import count

if TYPE_CHECKING:
    from bidsapp.settings import Settings
    from bidsapp.workflows.plan import SubjectPlan


def describe(
    settings: Settings, plans: Sequence[SubjectPlan] | None, others: Sequence[str] = ()
) -> Iterator[str]:
    """Give the lines; paths are relative to the dataset where they lie in it.

    Parameters
    ----------
    settings
        Of the run.
    plans
        Of the participant level; ``None`` when it is not among the levels.
    others
        What the other levels would do.
    """
    yield f"Dry run of {', '.join(settings.levels)}: nothing is written."
    yield f"Dataset {settings.bids_dir}, results to {settings.output_dir}"
    if plans is not None:
        for plan in plans:
            yield from _describe_one(settings, plan)
        subjects = {plan.subject for plan in plans}
        todo = sum(bool(set(plan.steps) - set(plan.done)) for plan in plans)
        yield f"{count(len(subjects), 'subject')}, {count(len(plans), 'session')}, {todo} with work to do."
    yield from others


def _describe_one(settings: Settings, plan: SubjectPlan) -> Iterator[str]:
    yield f"sub-{plan.subject}" + (f" ses-{plan.session}" if plan.session else "")
    for modality, path in plan.images.items():
        yield f"  {modality}: {_relative(path, settings.bids_dir)}"
    if plan.covariates:
        yield "  covariates: " + ", ".join(f"{name}={value}" for name, value in plan.covariates.items())
    for name, steps in (
        ("planned", [step for step in plan.steps if step not in plan.done]),
        ("done", plan.done),
    ):
        if steps:
            yield f"  {name}: {', '.join(steps)}"
    for analysis, sentence in plan.missing.items():
        yield f"  missing for {analysis}: {sentence}"
    for note in plan.notes:
        yield f"  note: {note}"


def _relative(path: Path, folder: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path
