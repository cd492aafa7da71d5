"""Keeps the status files of a subject's sessions true while its workflow runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bidsapp.errors import BidsAppError
from bidsapp.files import digest_file
from bidsapp.inputs import Inputs
from bidsapp.layout import log_dir
from bidsapp.status import RunStatus, Step
from bidsapp.workflows.participant import concerns
from bidsapp.workflows.supervisor import Event
from bidsapp.workflows.task import SubjectTask

Send = Callable[[Event], None]


class Recorder:
    """Writes the status of each session as its steps begin and end.

    Parameters
    ----------
    task, sessions
        The subject, and its sessions that can be used.
    key, images
        Digests of all that the results, and that the preprocessed images depend on.
    sinks
        Steps that write findings: a session is done when all of its own are.
    send
        Takes note of steps that begin.
    """

    def __init__(
        self,
        task: SubjectTask,
        sessions: Sequence[Inputs],
        key: str,
        images: str,
        *,
        sinks: Collection[str],
        send: Send,
    ) -> None:
        self._task = task
        self._sessions = sessions
        self._sinks = sinks
        self._send = send
        self._steps: dict[str, Step] = {}
        before = {item.session: task.status(item.session) for item in sessions}
        self._earlier = {
            step.name: replace(step, reused=True)
            for status in before.values()
            for step in status.steps
            if step.state == "done"
        }
        self._aged = {item.session: task.aged(before[item.session]) for item in sessions}
        self._statuses = {
            item.session: replace(
                task.fresh_status(item.session),
                key=key,
                images=images,
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
        """Write the final status of every session.

        After a failure that is of no step, as of inputs that changed meanwhile, nothing counts as written.
        """
        beyond = any(name not in self._steps for name in failures)
        for item in self._sessions:
            status, errors = self._status(item), self._errors(item, failures)
            if errors:
                sentence = " ".join(str(error) for error in errors)
                undone = (*self._task.asked, *self._aged[item.session]) if beyond else status.undone
                status = replace(
                    status, state="failed", error=sentence, exit_code=errors[0].code, undone=undone
                )
            else:
                _remove_stale(self._task, item)
                outputs = _digest_outputs(self._task.settings.output_dir, item)
                status = replace(status, state="done", outputs=outputs)
            self._task.write_status(status)

    def _errors(self, item: Inputs, failures: Mapping[str, BidsAppError]) -> list[BidsAppError]:
        """Give what failed in a session or, where it waited in vain for another session, in that one."""
        own = [failures[name] for name in failures if concerns(name, item, self._sessions)]
        if own or not self._undone(item):
            return own
        return [type(error)(f"{item.name} was not finished: {error}") for error in failures.values()]

    def _status(self, item: Inputs) -> RunStatus:
        steps = tuple(step for name, step in self._steps.items() if concerns(name, item, self._sessions))
        undone = (*self._undone(item), *self._aged[item.session])
        return replace(self._statuses[item.session], steps=steps, undone=undone)

    def _undone(self, item: Inputs) -> tuple[str, ...]:
        """Name what was to write findings of a session and has not."""
        written = {name for name, step in self._steps.items() if step.state == "done"}
        sinks = [name for name in self._sinks if concerns(name, item, self._sessions)]
        return tuple(name.rpartition(".write_")[2] for name in sinks if name not in written)


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
