"""The three levels of a run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import bidsapp
from bidsapp.analyses.protocol import Source
from bidsapp.cohort import Cohort
from bidsapp.errors import ExitCode, UsageError
from bidsapp.recipe import Recipe
from bidsapp.settings import Settings
from bidsapp.workflows.bedside import SCALE, with_exams
from bidsapp.workflows.device import describe_sharing, slot_environment
from bidsapp.workflows.environment import prepare_environment, remove_if_empty
from bidsapp.workflows.models import brain_bundle, resolve_models
from bidsapp.workflows.plan import SubjectPlan, plan
from bidsapp.workflows.progress import Progress, follow_logs
from bidsapp.workflows.resources import subject_slots
from bidsapp.workflows.subject import SubjectTask, process_subject
from bidsapp.workflows.supervisor import supervise

if TYPE_CHECKING:
    from bidsapp.analyses.protocol import Trainable

__all__ = ["SubjectPlan", "plan", "run_group", "run_participant", "run_train"]


def run_participant(settings: Settings, progress: Progress) -> ExitCode:
    """Preprocess and analyse each selected subject; one that fails does not stop the others.

    Returns
    -------
    ExitCode
        ``OK``; ``SUBJECT_FAILED`` when any subject failed; ``TRY_AGAIN`` when all that failed are
        being worked on by another run.
    """
    from bidsapp.bids.collect import collect_findings
    from bidsapp.bids.dataset import check_dataset, prepare_output
    from bidsapp.bids.query import list_selected
    from bidsapp.reports.citation import write_citation

    check_dataset(settings)
    selected: dict[str, list[str | None]] = defaultdict(list)
    for subject, session in list_selected(settings):
        selected[subject].append(session)
    prepare_output(settings.output_dir, settings, bidsapp.__version__)
    models, brain = resolve_models(settings), brain_bundle(settings)
    tasks = [
        SubjectTask(settings, subject, tuple(sessions), models, brain)
        for subject, sessions in selected.items()
    ]
    prepare_environment(settings.work_root, threads=settings.omp_nthreads)
    progress.start(len(tasks))
    codes = _supervise(tasks, settings, progress)
    write_citation(settings.output_dir, collect_findings(settings.output_dir))
    remove_if_empty(settings.work_root)
    failed = {code for code in codes if code}
    if not failed:
        return ExitCode.OK
    return ExitCode.TRY_AGAIN if failed == {ExitCode.TRY_AGAIN} else ExitCode.SUBJECT_FAILED


def _supervise(tasks: list[SubjectTask], settings: Settings, progress: Progress) -> list[int]:
    from bidsapp.bids.participants import write_participants

    slots = subject_slots(settings, len(tasks))
    if sharing := describe_sharing(settings, slots):
        progress.log(sharing)
    codes: list[int] = []
    environment = partial(slot_environment, settings)
    for report in supervise(tasks, process_subject, slots=slots, environment=environment):
        task, event = report.task, report.event
        if not event.final:
            progress.step(task.subject, None, event.text)
            continue
        sentence = task.record_death(event.text) if report.signal is not None else event.text
        progress.done(task.subject, "failed" if event.code else "done", sentence)
        codes.append(event.code)
        write_participants(settings.output_dir, settings.bids_dir)
        if event.code and settings.stop_on_first_crash:
            break
    return codes


def run_group(settings: Settings, progress: Progress) -> ExitCode:
    """Write the tables and the report of the group, from derivatives alone.

    Raises
    ------
    UsageError, NothingSelectedError
        ``--controls`` is wrong, or leaves no control or no patient.
    """
    from bidsapp.bids.collect import collect_findings
    from bidsapp.bids.phenotype import write_predicted
    from bidsapp.reports.group import write_group

    progress.start(0)
    with follow_logs(progress):
        written = write_group(settings.output_dir, controls=settings.controls, seed=settings.random_seed)
        predicted = write_predicted(settings.output_dir, collect_findings(settings.output_dir))
        written += (predicted,) if predicted else ()
    for path in written:
        progress.log(f"Wrote {path}")
    return ExitCode.OK


def run_train(settings: Settings, progress: Progress) -> ExitCode:
    """Fit a bundle for each analysis that was asked for and write it under ``OUTPUT_DIR/bundles``.

    Everything that is to be trained is checked before the first training starts.

    Raises
    ------
    UsageError
        No analysis was named.
    NothingSelectedError
        No subject is left to learn from.
    BadDataError
        A recipe makes no sense.
    """
    if not settings.analyses:
        raise UsageError("Training needs --analysis; name the one to train.")
    prepare_environment(settings.work_root, threads=settings.nprocs)
    with follow_logs(progress):
        for training in [each for name in settings.analyses for each in _trainings(name, settings)]:
            progress.log(f"Training {training.folder} on {len(training.cohort.subjects)} subjects")
            bundle = training.model.train(
                training.cohort,
                training.recipe,
                path=settings.output_dir / "bundles" / training.folder,
                device="cpu" if settings.device == "auto" else settings.device,
                seed=settings.random_seed,
                options={"controls": settings.controls or "", "target": settings.target or ""},
            )
            progress.log(f"Wrote the bundle {bundle.path}")
    remove_if_empty(settings.work_root)
    return ExitCode.OK


@dataclass(frozen=True)
class _Training:
    """A bundle to fit: the model, on whom, by which recipe, and the name of its folder."""

    model: Trainable
    cohort: Cohort
    recipe: Recipe
    folder: str


def _trainings(name: str, settings: Settings) -> list[_Training]:
    """Plan the trainings of an analysis, one for each value of a sweep, and check them."""
    from bidsapp.analyses import registry
    from bidsapp.analyses.protocol import Checking

    model = registry.load(name)
    recipe = Recipe.read(name, model.recipe, settings.recipe)
    recipes = recipe.swept(settings.sweep) if settings.sweep else {"": recipe}
    cohort = _read_cohort(settings, model.learns_from)
    if isinstance(model, Checking):
        for own in recipes.values():
            model.check(cohort, own)
    return [
        _Training(model, cohort, own, f"{name}_{label}" if label else name) for label, own in recipes.items()
    ]


def _read_cohort(settings: Settings, source: Source) -> Cohort:
    from bidsapp.bids.cohort import read_cohort
    from bidsapp.bids.dataset import is_own
    from bidsapp.bids.labels import read_labelled_cohort
    from bidsapp.bids.masks import add_masks

    if source == "labels":
        return read_labelled_cohort(settings.bids_dir, settings.derivatives, settings.participant_label)
    exams = settings.target == SCALE and (settings.bids_dir / "phenotype").is_dir()
    cohort = read_cohort(
        settings.derivatives or (settings.output_dir,),
        bids_dir=settings.bids_dir,
        participant_label=settings.participant_label,
        session_label=settings.session_label,
        controls=None if source == "masks" else settings.controls,
        target=None if exams else settings.target,
    )
    if exams:
        cohort = with_exams(cohort, settings.bids_dir) or cohort
    if source != "masks":
        return cohort
    if settings.reference:
        return add_masks(cohort, (settings.reference,))
    beside = sorted(path for path in (settings.bids_dir / "derivatives").glob("*") if path.is_dir())
    return add_masks(cohort, [path for path in beside if not is_own(path)])
