"""The train level: which bundles to fit, on whom, by which recipes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bidsapp.analyses.protocol import Source
from bidsapp.cohort import Cohort
from bidsapp.errors import ExitCode, UsageError
from bidsapp.recipe import Recipe
from bidsapp.reports.numbers import count
from bidsapp.settings import Settings
from bidsapp.workflows.bedside import SCALE, with_exams
from bidsapp.workflows.device import resolve_device
from bidsapp.workflows.environment import occupy
from bidsapp.workflows.progress import Progress, follow_logs

if TYPE_CHECKING:
    from bidsapp.analyses.protocol import Trainable


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
    names, device = _named(settings), resolve_device(settings.device).device
    with occupy(settings.work_root, threads=settings.nprocs), follow_logs(progress):
        for training in [each for name in names for each in _trainings(name, settings)]:
            progress.log(f"Training {training.folder} on {training.people}")
            bundle = training.model.train(
                training.cohort,
                training.recipe,
                path=settings.output_dir / "bundles" / training.folder,
                device=device,
                seed=settings.random_seed,
                options={"controls": settings.controls or "", "target": settings.target or ""},
            )
            progress.log(f"Wrote the bundle {bundle.path}" if bundle else "Done: the first node writes it")
    return ExitCode.OK


def foresee_training(settings: Settings) -> list[str]:
    """Say of each bundle on whom it would be fitted; all is checked as before a training.

    Raises
    ------
    UsageError, NothingSelectedError, BadDataError
        As :func:`run_train`.
    """
    return [
        f"train: {training.folder} on {training.people}, "
        f"to {settings.output_dir / 'bundles' / training.folder}."
        for name in _named(settings)
        for training in _trainings(name, settings)
    ]


def _named(settings: Settings) -> tuple[str, ...]:
    if not settings.analyses:
        raise UsageError("Training needs --analysis; name the one to train.")
    return settings.analyses


@dataclass(frozen=True)
class _Training:
    """A bundle to fit: the model, on whom, by which recipe, and the name of its folder."""

    model: Trainable
    cohort: Cohort
    recipe: Recipe
    folder: str

    @property
    def people(self) -> str:
        """Say how many there are: ``30 subjects and 12 healthy controls``."""
        controls = len({member.subject for member in self.cohort.controls})
        beside = f" and {count(controls, 'healthy control')}" if controls else ""
        return f"{count(len(self.cohort.subjects), 'subject')}{beside}"


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
        return read_labelled_cohort(
            settings.bids_dir,
            settings.derivatives,
            participant_label=settings.participant_label,
            exclude_participant_label=settings.exclude_participant_label,
            session_label=settings.session_label,
        )
    exams = settings.target == SCALE and (settings.bids_dir / "phenotype").is_dir()
    cohort = read_cohort(
        settings.derivatives or (settings.output_dir,),
        bids_dir=settings.bids_dir,
        participant_label=settings.participant_label,
        exclude_participant_label=settings.exclude_participant_label,
        session_label=settings.session_label,
        controls=None if source == "masks" else settings.controls,
        apart=source == "scores",
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
