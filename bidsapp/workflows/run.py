"""The three levels of a run."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from functools import partial
from pathlib import Path

import bidsapp
from bidsapp.errors import ExitCode
from bidsapp.reports.numbers import count
from bidsapp.settings import Settings
from bidsapp.workflows.device import describe_sharing, slot_environment
from bidsapp.workflows.engine import read_plugin
from bidsapp.workflows.environment import occupy
from bidsapp.workflows.models import brain_bundle, resolve_models
from bidsapp.workflows.plan import SubjectPlan, plan
from bidsapp.workflows.progress import Progress, follow_logs
from bidsapp.workflows.resources import subject_slots
from bidsapp.workflows.subject import process_subject
from bidsapp.workflows.supervisor import supervise
from bidsapp.workflows.task import SubjectTask
from bidsapp.workflows.training import foresee_training, run_train

__all__ = ["SubjectPlan", "foresee", "plan", "run_group", "run_participant", "run_train"]

READ_FOR_EACH = 100  # subjects whose findings are read for the methods text, for each that the run has done


def run_participant(settings: Settings, progress: Progress) -> ExitCode:
    """Preprocess and analyse each selected subject; one that fails does not stop the others.

    Returns
    -------
    ExitCode
        ``OK``; ``SUBJECT_FAILED`` when any subject failed; ``TRY_AGAIN`` when all that failed are
        being worked on by another run.
    """
    from bidsapp.bids.dataset import check_dataset, prepare_output
    from bidsapp.bids.query import list_selected

    check_dataset(settings)
    read_plugin(settings.nipype_plugin_file)  # each subject reads it; a wrong one is said before the first
    selected: dict[str, list[str | None]] = defaultdict(list)
    for subject, session in list_selected(settings):
        selected[subject].append(session)
    prepare_output(settings.output_dir, settings, bidsapp.__version__)
    models, brain = resolve_models(settings), brain_bundle(settings)
    tasks = [
        SubjectTask(settings, subject, tuple(sessions), models, brain)
        for subject, sessions in selected.items()
    ]
    with occupy(settings.work_root, threads=settings.omp_nthreads):
        progress.start(len(tasks))
        codes = _supervise(tasks, settings, progress)
        cite(settings.output_dir, len(tasks), progress)
    failed = {code for code in codes if code}
    if not failed:
        return ExitCode.OK
    return ExitCode.TRY_AGAIN if failed == {ExitCode.TRY_AGAIN} else ExitCode.SUBJECT_FAILED


def cite(output_dir: Path, own: int, progress: Progress) -> None:
    """Write the methods text of the output folder, unless that would read far more than the run has done.

    Tasks of a cluster do one subject each: if each of them read what all others wrote, a cohort of n subjects
    would cost n squared. The group level writes it for all.

    Parameters
    ----------
    output_dir
        The derivative dataset.
    own
        Subjects of this run.
    progress
        Is told when the text is left to the group level.
    """
    from bidsapp.bids.collect import collect_findings
    from bidsapp.bids.listing import list_subjects
    from bidsapp.reports.citation import write_citation

    present = len(list_subjects(output_dir))
    if present > READ_FOR_EACH * own:
        progress.log(
            f"The output folder holds {present} subjects, of which this run had {own}: "
            "the group level writes the methods text of all (logs/CITATION.md)."
        )
        return
    write_citation(output_dir, collect_findings(output_dir))


def _supervise(tasks: list[SubjectTask], settings: Settings, progress: Progress) -> list[int]:
    from bidsapp.bids.participants import write_participants

    slots = subject_slots(settings, len(tasks))
    if sharing := describe_sharing(settings, slots):
        progress.log(sharing)
    codes: dict[str, int] = {}
    reason = "the run was ended"
    environment = partial(slot_environment, settings)
    try:
        with closing(supervise(tasks, process_subject, slots=slots, environment=environment)) as reports:
            for report in reports:
                task, event, end = report.task, report.event, report.signal
                if not event.final:
                    progress.step(task.subject, None, event.text)
                    continue
                sentence = event.text if end is None else task.record_death(event.text, killed=end > 0)
                progress.done(task.subject, "failed" if event.code else "done", sentence)
                codes[task.subject] = event.code
                write_participants(settings.output_dir, settings.bids_dir)
                if event.code and settings.stop_on_first_crash:
                    reason = "the run ended at the failure of another subject (--stop-on-first-crash)"
                    break
    finally:
        for task in tasks[: len(codes) + slots]:  # they are begun in order, so many at a time
            if task.subject not in codes:
                task.record_stop(reason)
    return list(codes.values())


def run_group(settings: Settings, progress: Progress) -> ExitCode:
    """Write the tables and the report of the group, from derivatives alone.

    Raises
    ------
    UsageError, NothingSelectedError
        ``--controls`` is wrong, or leaves no control or no patient.
    CannotWriteError, InputOutputError
        The work folder, where libraries keep what they compile, or the output folder cannot be written.
    """
    from bidsapp.bids.collect import collect_findings
    from bidsapp.bids.phenotype import write_predicted
    from bidsapp.reports.citation import write_citation
    from bidsapp.reports.group import write_group

    progress.start(0)
    with occupy(settings.work_root, threads=settings.omp_nthreads), follow_logs(progress):
        written = write_group(settings.output_dir, controls=settings.controls, seed=settings.random_seed)
        findings = collect_findings(settings.output_dir)
        predicted = write_predicted(settings.output_dir, findings)
        write_citation(settings.output_dir, findings)  # of runs side by side, the last may not have seen all
        written += (predicted,) if predicted else ()
    for path in written:
        progress.log(f"Wrote {path}")
    return ExitCode.OK


def foresee(settings: Settings, level: str) -> list[str]:
    """Say what the group or train level would do, without doing it; one line each.

    Behind the participant level, that depends on what this leaves in the output folder.

    Raises
    ------
    BidsAppError
        As the level would raise before it writes anything.
    """
    from bidsapp.bids.collect import collect_findings

    if "participant" in settings.levels[: settings.levels.index(level)]:
        return [f"{level}: after participant, from what the output folder holds then."]
    if level == "train":
        return foresee_training(settings)
    found = {(item.subject, item.session) for item in collect_findings(settings.output_dir)}
    people = len({subject for subject, _ in found})
    return [f"group: from {count(len(found), 'session')} of {count(people, 'subject')}."]
