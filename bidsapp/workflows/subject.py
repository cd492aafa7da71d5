"""Everything that is done for one subject, in a process of its own: find, check, run, write, report."""

from __future__ import annotations

import os
import shutil
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import bidsapp
from bidsapp.bundle import Bundle
from bidsapp.errors import BidsAppError, ExitCode
from bidsapp.files import digest_file
from bidsapp.inputs import Inputs
from bidsapp.layout import log_dir, status_file
from bidsapp.settings import Settings
from bidsapp.status import RunStatus, Step
from bidsapp.workflows.claim import claim
from bidsapp.workflows.environment import WORK_PREFIX
from bidsapp.workflows.models import Model, bundle_digests
from bidsapp.workflows.monitor import StepMonitor
from bidsapp.workflows.participant import concerns
from bidsapp.workflows.resume import is_done, run_key
from bidsapp.workflows.supervisor import Event

Send = Callable[[Event], None]


@dataclass(frozen=True)
class SubjectTask:
    """One subject of a run: which sessions, with which models."""

    settings: Settings
    subject: str
    sessions: tuple[str | None, ...]
    models: tuple[Model, ...]
    brain: Bundle

    @property
    def work_dir(self) -> Path:
        """Folder of its intermediate results; another version of the program uses another one."""
        return self.settings.work_root / f"{WORK_PREFIX}{bidsapp.__version__}" / f"sub-{self.subject}"

    @property
    def log_dir(self) -> Path:
        """Folder of its logs and crash files."""
        return log_dir(self.settings.output_dir, self.subject)

    def status(self, session: str | None) -> RunStatus:
        """Give what is known of a session so far: the status on disk, or a fresh one."""
        try:
            return RunStatus.read(status_file(self.settings.output_dir, self.subject, session))
        except BidsAppError:
            return RunStatus(
                subject=self.subject, session=session, state="running", version=bidsapp.__version__
            )

    def write_status(self, status: RunStatus) -> None:
        """Write the status of a session."""
        status.write(status_file(self.settings.output_dir, self.subject, status.session))

    def fail(self, sentence: str, code: ExitCode) -> Event:
        """Record for every session that the subject failed."""
        for session in self.sessions:
            self.write_status(replace(self.status(session), state="failed", error=sentence, exit_code=code))
        return Event(sentence, final=True, code=code)

    def record_death(self, signal_name: str) -> str:
        """Write for a process that was killed what it cannot write any more; give the sentence."""
        running = [
            step.name
            for session in self.sessions
            for step in self.status(session).steps
            if step.state == "running"
        ]
        where = f" during step {running[-1]}" if running else ""
        sentence = (
            f"sub-{self.subject}: its process was killed ({signal_name}){where}, perhaps for lack of memory; "
            "give it more memory or fewer processes (--mem-gb, --nprocs) and run the same command again."
        )
        self.fail(sentence, ExitCode.INTERNAL)
        return sentence


def process_subject(task: SubjectTask, send: Send) -> Event:
    """Run one subject and say how it ended; what is wrong with the data is never raised."""
    try:
        with claim(task.work_dir, task.subject):
            _write_to_log(task.log_dir / "run.log")
            return _process(task, send)
    except BidsAppError as error:
        return task.fail(str(error), error.code)
    except (
        Exception
    ) as error:  # the boundary of the process: the traceback goes to the log, a sentence to the user
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}"
        return task.fail(f"sub-{task.subject}: {reason}; see {task.log_dir / 'run.log'}.", ExitCode.INTERNAL)


def _process(task: SubjectTask, send: Send) -> Event:
    from bidsapp.reports.subject import write_report

    settings = task.settings
    if settings.reports_only:
        return Event(f"report {write_report(settings.output_dir, task.subject)}", final=True)
    if settings.clean_workdir:
        shutil.rmtree(task.work_dir)
        task.work_dir.mkdir()
    usable, errors = _find(task)
    if usable:
        key = run_key(settings, usable, bundle_digests(task.models, task.brain))
        statuses = [status_file(settings.output_dir, task.subject, item.session) for item in usable]
        if not errors and all(is_done(path, key, settings.output_dir) for path in statuses):
            shutil.rmtree(task.work_dir)
            if (settings.output_dir / f"sub-{task.subject}.html").is_file():
                return Event("nothing changed since it was done", final=True)
            return Event(f"report {write_report(settings.output_dir, task.subject)}", final=True)
        errors += _run_workflow(task, usable, key, send)
    report = write_report(settings.output_dir, task.subject)
    if errors:
        worst = errors[0].code if len({error.code for error in errors}) == 1 else ExitCode.SUBJECT_FAILED
        return Event(" ".join(dict.fromkeys(str(error) for error in errors)), final=True, code=worst)
    shutil.rmtree(task.work_dir)
    return Event(f"report {report}", final=True)


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
            fresh = RunStatus(
                subject=task.subject, session=session, state="failed", version=bidsapp.__version__
            )
            task.write_status(replace(fresh, error=str(error), exit_code=error.code))
    return tuple(usable), errors


def _run_workflow(task: SubjectTask, sessions: Sequence[Inputs], key: str, send: Send) -> list[BidsAppError]:
    """Run the Nipype workflow and write the status of each session; give what failed."""
    from bidsapp.workflows.engine import run_workflow
    from bidsapp.workflows.participant import init_subject_wf

    recorder = _Recorder(task, sessions, key, send)
    workflow = init_subject_wf(sessions, task.settings, task.models, task.brain)
    if task.settings.write_graph:
        workflow.write_graph(str(task.log_dir / "workflow.dot"), graph2use="colored", format="dot")
    failures = run_workflow(
        workflow,
        task.settings,
        work_dir=task.work_dir,
        crash_dir=task.log_dir,
        monitor=StepMonitor(recorder.on_step),
    )
    recorder.finish(failures)
    return list(failures.values())


class _Recorder:
    """Keeps the status files of a subject's sessions true while its workflow runs."""

    def __init__(self, task: SubjectTask, sessions: Sequence[Inputs], key: str, send: Send) -> None:
        self._task = task
        self._sessions = sessions
        self._send = send
        self._steps: dict[str, Step] = {}
        self._earlier = {
            step.name: replace(step, reused=True)
            for item in sessions
            for step in task.status(item.session).steps
            if step.state == "done"
        }
        self._statuses = {
            item.session: RunStatus(
                subject=task.subject,
                session=item.session,
                state="running",
                version=bidsapp.__version__,
                key=key,
                skipped={model.name: said for model in task.models if (said := model.missing(item))},
            )
            for item in sessions
        }

    def on_step(self, step: Step) -> None:
        """Take note of a step that begins or ends."""
        self._steps[step.name] = self._earlier.get(step.name, step) if step.reused else step
        for item in self._sessions:
            if concerns(step.name, item, self._sessions):
                self._task.write_status(self._status(item))
        if step.state == "running":
            self._send(Event(step.name))

    def finish(self, failures: Mapping[str, BidsAppError]) -> None:
        """Write the final status of every session."""
        for item in self._sessions:
            own = [failures[name] for name in failures if concerns(name, item, self._sessions)]
            status = self._status(item)
            if own:
                sentence = " ".join(str(error) for error in own)
                self._task.write_status(
                    replace(status, state="failed", error=sentence, exit_code=own[0].code)
                )
            else:
                _remove_stale(self._task, item)
                outputs = _digest_outputs(self._task.settings.output_dir, item)
                self._task.write_status(replace(status, state="done", outputs=outputs))

    def _status(self, item: Inputs) -> RunStatus:
        steps = tuple(step for name, step in self._steps.items() if concerns(name, item, self._sessions))
        return replace(self._statuses[item.session], steps=steps)


def _remove_stale(task: SubjectTask, inputs: Inputs) -> None:
    """Remove what an earlier run said by an analysis whose modality is no longer there."""
    from bidsapp.bids.sink import remove_findings

    for model in task.models:
        if model.missing(inputs):
            remove_findings(task.settings.output_dir, inputs.subject, inputs.session, model.name)


def _digest_outputs(output_dir: Path, inputs: Inputs) -> dict[str, str]:
    from bidsapp.bids.sink import outputs
    from bidsapp.findings import Findings

    folder = log_dir(output_dir, inputs.subject, inputs.session)
    files = [
        name
        for path in sorted(folder.glob("findings-*.json"))
        for name in outputs(Findings.read(path), output_dir)
    ]
    return {name.as_posix(): digest_file(output_dir / name) for name in files}


def _write_to_log(path: Path) -> None:
    """Send everything that this process and its libraries print to a file of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)
