"""What a run would do, found out without doing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.inputs import Inputs
from bidsapp.layout import status_file
from bidsapp.settings import Settings
from bidsapp.workflows.models import Model, brain_bundle, resolve_models

if TYPE_CHECKING:
    from bidsapp.bundle import Bundle


@dataclass(frozen=True, kw_only=True)
class SubjectPlan:
    """What would be done for one subject and session.

    Attributes
    ----------
    subject, session
        Labels without prefix.
    images
        The file chosen for each modality.
    steps
        Steps that would run, in order; empty when all is done.
    done
        Steps of an earlier run that need not run again.
    missing
        For each analysis that would not run, why.
    notes
        Sentences on what was chosen, missing or ignored.
    covariates
        What the dataset's tables say of the person.
    """

    subject: str
    session: str | None
    images: Mapping[str, Path]
    steps: tuple[str, ...]
    done: tuple[str, ...]
    missing: Mapping[str, str]
    notes: tuple[str, ...]
    covariates: Mapping[str, str | float] = field(default_factory=dict)


def plan(settings: Settings) -> list[SubjectPlan]:
    """Plan every selected subject and session.

    Raises
    ------
    BidsAppError
        As a run would raise.
    """
    from bidsapp.bids.dataset import check_dataset
    from bidsapp.bids.query import find_all, list_selected

    check_dataset(settings)
    models, brain = resolve_models(settings), brain_bundle(settings)
    return [
        _plan_session(inputs, models, brain, settings) for inputs in find_all(settings, list_selected(settings))
    ]


def _plan_session(inputs: Inputs, models: tuple[Model, ...], brain: Bundle, settings: Settings) -> SubjectPlan:
    return SubjectPlan(
        subject=inputs.subject,
        session=inputs.session,
        images={modality: image.path for modality, image in inputs.images.items()},
        steps=(),
        done=(),
        missing={model.name: said for model in models if (said := model.missing(inputs))},
        notes=inputs.notes,
        covariates=inputs.covariates,
    )
