"""Everything that is done for one subject, in a process of its own: find, check, run, write, report."""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import bidsapp
from bidsapp.errors import BadDataError, BidsAppError, ExitCode
from bidsapp.files import digest_file
from bidsapp.inputs import Inputs
from bidsapp.settings import Settings
from bidsapp.status import RunStatus, Step
from bidsapp.workflows.claim import claim
from bidsapp.workflows.layout import crash_dir, findings_files, status_file
from bidsapp.workflows.models import Model, models_for
from bidsapp.workflows.monitor import StepMonitor
from bidsapp.workflows.resume import is_done, run_key
from bidsapp.workflows.supervisor import Event

Send = Callable[[Event], None]


@dataclass(frozen=True)
class SubjectTask:
    """One subject of a run."""

    settings: Settings
    subject: str
    sessions: tuple[str | None, ...]
    models: tuple[Model, ...]

    @property
    def work_dir(self) -> Path:
        """Folder of its intermediate results; another version of the program uses another one."""
        return self.settings.work_root / f"bidsapp-{bidsapp.__version__}" / f"sub-{self.subject}"


def process_subject(task: SubjectTask, send: Send) -> Event:
    """Run one subject and say how it ended; never raises for what is wrong with the data."""
    try:
        with claim(task.work_dir, task.subject):
            _speak_to_log(task)
            return _run(task, send)
    except BidsAppError as error:
        _write_failure(task, str(error), error.code)
        return Event(str(error), final=True, code=error.code)
    except (
        Exception
    ) as error:  # the boundary of the process: the traceback goes to the log, a sentence to the user
        traceback.print_exc()
        sentence = f"sub-{task.subject}: {type(error).__name__}: {error}; see {_log_file(task)}."
        _write_failure(task, sentence, ExitCode.INTERNAL)
        return Event(sentence, final=True, code=ExitCode.INTERNAL)


def _run(task: SubjectTask, send: Send) -> Event:
    from bidsapp.reports.subject import write_report

    settings = task.settings
    if settings.reports_only:
        return Event(f"report {write_report(settings.output_dir, task.subject)}", final=True)
    usable, broken = _find(task)
    if usable:
        key = run_key(settings, usable, {model.name: model.bundle.digest for model in task.models})
        statuses = [status_file(settings.output_dir, item.subject, item.session) for item in usable]
        if not broken and all(is_done(path, key, settings.output_dir) for path in statuses):
            return Event("done before, nothing changed", final=True)
        broken |= _run_workflow(task, usable, key, send)
    write_report(settings.output_dir, task.subject)
    if broken:
        return Event(" ".join(broken.values()), final=True, code=ExitCode.SUBJECT_FAILED)
    shutil.rmtree(task.work_dir, ignore_errors=True)
    return Event("done", final=True)


def _find(task: SubjectTask) -> tuple[tuple[Inputs, ...], dict[str, str]]:
    """Give the sessions whose images can be used, and for the others a sentence by session name."""
    from bidsapp.bids.query import find_inputs
    from bidsapp.interfaces.checks import check_inputs

    usable: list[Inputs] = []
    broken: dict[str, str] = {}
    for session in task.sessions:
        name = f"sub-{task.subject}" + (f"_ses-{session}" if session else "")
        try:
            inputs = find_inputs(task.settings, task.subject, session)
            check_inputs(inputs)
            usable.append(inputs)
        except BidsAppError as error:
            broken[name] = str(error)
            _write_status(task, session, state="failed", error=str(error), code=error.code)
    return tuple(usable), broken


def _run_workflow(task: SubjectTask, sessions: tuple[Inputs, ...], key: str, send: Send) -> dict[str, str]:
    """Run the Nipype workflow; give a sentence for each session that failed."""
    from bidsapp.workflows.engine import run_workflow
    from bidsapp.workflows.participant import init_subject_wf

    steps: dict[str, Step] = {}

    def on_step(step: Step) -> None:
        steps[step.name] = step
        for item in sessions:
            _write_status(
                task, item.session, key=key, state="running", steps=_steps_of(item, sessions, steps)
            )
        if step.state == "running":
            send(Event(step.name))

    subject_wf = init_subject_wf(sessions, task.settings, task.models)
    failures = run_workflow(
        subject_wf,
        task.settings,
        work_dir=task.work_dir,
        crash_dir=crash_dir(task.settings.output_dir, task.subject),
        monitor=StepMonitor(on_step),
    )
    failed: dict[str, str] = {}
    for item in sessions:
        own = {name: failures[name] for name in failures if _concerns(name, item, sessions)}
        failed |= {item.name: " ".join(error.sentence for error in own.values())} if own else {}
        _write_status(
            task,
            item.session,
            key=key,
            state="failed" if own else "done",
            error=failed.get(item.name, ""),
            code=next((error.code for error in own.values()), ExitCode.OK),
            steps=_steps_of(item, sessions, steps),
            skipped=_skipped(task, item),
        )
    return failed


def _concerns(step: str, item: Inputs, sessions: tuple[Inputs, ...]) -> bool:
    """Tell whether a step belongs to this session: its own, or one that all sessions share."""
    others = {f"{workflow_name(other)}." for other in sessions if other is not item}
    return not any(step.startswith(prefix) for prefix in others)


def _steps_of(item: Inputs, sessions: tuple[Inputs, ...], steps: Mapping[str, Step]) -> tuple[Step, ...]:
    return tuple(step for name, step in steps.items() if _concerns(name, item, sessions))


def workflow_name(inputs: Inputs) -> str:
    """Name of the part of the workflow that belongs to one session."""
    return f"ses_{inputs.session}_wf" if inputs.session else "session_wf"


def _skipped(task: SubjectTask, inputs: Inputs) -> dict[str, str]:
    return {model.name: sentence for model in task.models if (sentence := model.missing(inputs))}
