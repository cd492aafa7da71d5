"""What a run would do, found out without doing it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bidsapp.errors import BidsAppError
from bidsapp.inputs import Inputs
from bidsapp.interfaces.checks import check_anatomy
from bidsapp.layout import status_file
from bidsapp.settings import Settings
from bidsapp.workflows.engine import read_plugin
from bidsapp.workflows.extras import factory_of
from bidsapp.workflows.models import brain_bundle, bundle_digests, resolve_models
from bidsapp.workflows.participant import concerns
from bidsapp.workflows.resume import is_done, run_key


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
    """Plan every selected subject and session; nothing is written, no index of the dataset either.

    Raises
    ------
    BidsAppError
        As a run would raise before its first subject.
    """
    from bidsapp.bids.dataset import check_dataset
    from bidsapp.bids.query import find_all, list_selected
    from bidsapp.bids.references import add_references

    check_dataset(settings)
    read_plugin(settings.nipype_plugin_file)
    if settings.bids_database_dir and not any(settings.bids_database_dir.glob("*.sqlite")):
        settings = replace(settings, bids_database_dir=None)
    planner = _Planner(settings)
    by_subject: dict[str, list[Inputs]] = defaultdict(list)
    plans: list[SubjectPlan] = []
    for (subject, session), inputs in find_all(settings, list_selected(settings)):
        try:
            if isinstance(inputs, BidsAppError):
                raise inputs
            check_anatomy(inputs)
            by_subject[subject].append(add_references(inputs, settings.reference))
        except BidsAppError as error:
            plans.append(_unusable(subject, session, error))
    for sessions in by_subject.values():
        plans += planner.plan_subject(sessions)
    return sorted(plans, key=lambda item: (item.subject, item.session or ""))


class _Planner:
    """Plans subjects; those with the same kinds of files have the same steps, which are found out once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._models = resolve_models(settings)
        self._brain = brain_bundle(settings)
        self._digests = bundle_digests(self._models, self._brain)
        self._steps: dict[tuple[object, ...], tuple[str, ...]] = {}

    def plan_subject(self, sessions: Sequence[Inputs]) -> list[SubjectPlan]:
        steps = self._steps_of(sessions)
        plans = []
        for inputs in sessions:
            own = tuple(name for name in steps if concerns(name, inputs, sessions))
            done = own if self._is_done(inputs, sessions) else ()
            plans.append(
                SubjectPlan(
                    subject=inputs.subject,
                    session=inputs.session,
                    images={modality: image.path for modality, image in inputs.images.items()},
                    steps=own,
                    done=done,
                    missing={model.name: said for model in self._models if (said := model.missing(inputs))},
                    notes=inputs.notes,
                    covariates=inputs.covariates,
                )
            )
        return plans

    def _steps_of(self, sessions: Sequence[Inputs]) -> tuple[str, ...]:
        from bidsapp.workflows.participant import init_subject_wf, list_steps

        signature = tuple(
            (
                inputs.session,
                tuple((key, factory_of(image), *image.companions) for key, image in inputs.images.items()),
                tuple(inputs.references),
            )
            for inputs in sessions
        )
        if signature not in self._steps:
            workflow = init_subject_wf(sessions, self._settings, self._models, self._brain)
            self._steps[signature] = list_steps(workflow)
        return self._steps[signature]

    def _is_done(self, inputs: Inputs, sessions: Sequence[Inputs]) -> bool:
        path = status_file(self._settings.output_dir, inputs.subject, inputs.session)
        if not path.is_file():
            return False
        return is_done(path, run_key(self._settings, sessions, self._digests), self._settings.output_dir)


def _unusable(subject: str, session: str | None, error: BidsAppError) -> SubjectPlan:
    return SubjectPlan(
        subject=subject, session=session, images={}, steps=(), done=(), missing={}, notes=(str(error),)
    )
