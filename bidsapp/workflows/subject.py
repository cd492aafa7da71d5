"""Everything that is done for one subject, in a process of its own: find, check, run, write, report."""

from __future__ import annotations

import os
import shutil
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bidsapp.errors import BidsAppError, ExitCode, InputOutputError, TryAgainError
from bidsapp.inputs import Inputs
from bidsapp.layout import status_file
from bidsapp.workflows.claim import claim
from bidsapp.workflows.models import bundle_digests
from bidsapp.workflows.monitor import StepMonitor
from bidsapp.workflows.recorder import Recorder, Send
from bidsapp.workflows.resume import Contents, images_key, is_done, run_key
from bidsapp.workflows.run_file import write_run_file
from bidsapp.workflows.supervisor import Event
from bidsapp.workflows.task import SubjectTask


def process_subject(task: SubjectTask, send: Send) -> Event:
    """Run one subject and say how it ended; what is wrong with the data is never raised.

    The status is written only while the subject is claimed, and tells of the results alone: a report that
    cannot be written, or a work folder that cannot be removed, is in the event and not in the status.
    """
    try:
        with claim(task.work_dir, task.subject):
            _write_to_log(task.log_dir / "run.log")
            return _process(task, send)
    except Exception as error:  # the boundary of the process
        return _failure(task, error)


def _failure(task: SubjectTask, error: Exception) -> Event:
    """Tell an error: a sentence to the user and, where that is not enough, the traceback to the log."""
    if isinstance(error, BidsAppError):
        return Event(str(error), final=True, code=error.code)
    traceback.print_exception(error)
    reason = f"{type(error).__name__}: {error}; see {task.log_dir / 'run.log'}."
    return Event(f"sub-{task.subject}: {reason}", final=True, code=ExitCode.INTERNAL)


def _process(task: SubjectTask, send: Send) -> Event:
    from bidsapp.reports.subject import write_report

    output_dir = task.settings.output_dir
    if task.settings.reports_only:
        return Event(f"report {write_report(output_dir, task.subject)}", final=True)
    try:
        errors = _renew(task, send)
    except Exception as error:  # whatever it is, the status has to tell it
        event = _failure(task, error)
        task.fail(event.text, ExitCode(event.code))
        return event
    if errors is None and (output_dir / f"sub-{task.subject}.html").is_file():
        shutil.rmtree(task.work_dir)
        return Event("nothing changed since it was done", final=True)
    events = [_failure(task, error) for error in errors or ()]
    try:
        report = write_report(output_dir, task.subject)
        if not errors:
            shutil.rmtree(task.work_dir)
    except Exception as error:  # to be told beside what failed before
        events.append(_failure(task, error))
    if not events:
        return Event(f"report {report}", final=True)
    worst = events[0].code if len({event.code for event in events}) == 1 else ExitCode.SUBJECT_FAILED
    return Event(" ".join(dict.fromkeys(event.text for event in events)), final=True, code=worst)


def _renew(task: SubjectTask, send: Send) -> list[BidsAppError] | None:
    """Bring the results up to date; give what failed, or ``None`` where nothing had changed."""
    settings = task.settings
    _forget_closed_folder(task)
    for session in task.sessions:
        if task.status(session).state != "done":
            task.begin(session)  # also one that a run left as running when it was killed
    if settings.clean_workdir:
        shutil.rmtree(task.work_dir)
        task.work_dir.mkdir()
    write_run_file(settings, task.log_dir)
    usable, errors = _find(task)
    if not usable:
        return errors
    contents = Contents()
    key = run_key(settings, usable, bundle_digests(task.models, task.brain), contents.digest)
    statuses = [status_file(settings.output_dir, task.subject, item.session) for item in usable]
    if not errors and all(is_done(path, key, settings.output_dir) for path in statuses):
        return None
    return errors + _run_workflow(task, usable, key, contents, send)


def _forget_closed_folder(task: SubjectTask) -> None:
    """Remove the status of a subject's folder that once could not be opened, when its sessions are listed."""
    from bidsapp.bids.listing import list_sessions

    status = status_file(task.settings.output_dir, task.subject, None)
    if not status.is_file() or None in list_sessions(task.settings.bids_dir, task.subject):
        return
    if not any(task.log_dir.glob("findings-*.json")):
        status.unlink()


def _find(task: SubjectTask) -> tuple[tuple[Inputs, ...], list[BidsAppError]]:
    """Give the sessions whose images can be used; the others get their status here."""
    from bidsapp.bids.query import find_inputs
    from bidsapp.bids.references import add_references
    from bidsapp.interfaces.checks import check_inputs

    usable: list[Inputs] = []
    errors: list[BidsAppError] = []
    for session in task.sessions:
        try:
            inputs = add_references(
                find_inputs(task.settings, task.subject, session), task.settings.reference
            )
            check_inputs(inputs)
            usable.append(inputs)
        except BidsAppError as error:
            errors.append(error)
            earlier, fresh = task.status(session), task.fresh_status(session)
            undone = (*task.asked, *task.aged(earlier))
            task.write_status(
                replace(
                    fresh,
                    state="failed",
                    error=str(error),
                    exit_code=error.code,
                    images=earlier.images,
                    undone=undone,
                )
            )
    return tuple(usable), errors


def _run_workflow(
    task: SubjectTask, sessions: Sequence[Inputs], key: str, contents: Contents, send: Send
) -> list[BidsAppError]:
    """Run the Nipype workflow and write the status of each session; give what failed."""
    from bidsapp.workflows.engine import run_workflow
    from bidsapp.workflows.participant import init_subject_wf, list_sinks

    images = images_key(task.settings, sessions, task.brain.digest, contents.digest)
    for item in sessions:
        task.begin(item.session, images)  # before the workflow, which reads there what is out of date
    workflow = init_subject_wf(sessions, task.settings, task.models, task.brain)
    recorder = Recorder(task, sessions, key, images, sinks=list_sinks(workflow), send=send)
    if task.settings.write_graph:
        workflow.write_graph(str(task.log_dir / "workflow.dot"), graph2use="colored", format="dot")
    failures = dict(
        run_workflow(
            workflow,
            task.settings,
            work_dir=task.work_dir,
            crash_dir=task.log_dir,
            monitor=StepMonitor(recorder.on_step),
        )
    )
    error = _inputs_changed(task, contents)
    if error:
        failures["inputs"] = error
    recorder.finish(failures)
    if isinstance(error, TryAgainError):
        shutil.rmtree(task.work_dir)  # it was made of what has changed
        task.work_dir.mkdir()
    return list(failures.values())


def _inputs_changed(task: SubjectTask, contents: Contents) -> BidsAppError | None:
    """Say which file is no longer what the steps should have read."""
    try:
        changed = contents.changed()
    except OSError as error:
        return InputOutputError(
            f"sub-{task.subject}: {error.filename} cannot be read any more ({error.strerror}); "
            "bring it back and run the same command again."
        )
    if not changed:
        return None
    return TryAgainError(
        f"sub-{task.subject}: {changed[0]} changed while it was processed; run the same command again."
    )


def _write_to_log(path: Path) -> None:
    """Send everything that this process and its libraries print to a file of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)
