"""One subject of a run as its process gets it, and where the truth about it is kept."""

from __future__ import annotations

import signal
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import bidsapp
from bidsapp.bundle import Bundle
from bidsapp.errors import BidsAppError, ExitCode, TryAgainError
from bidsapp.files import digest_json
from bidsapp.layout import log_dir, status_file
from bidsapp.settings import Settings
from bidsapp.status import RunStatus
from bidsapp.workflows.claim import claim
from bidsapp.workflows.environment import WORK_PREFIX
from bidsapp.workflows.models import Model


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
        """Folder of its intermediate results."""
        return work_folder(self.settings.work_root, self.settings.bids_dir) / f"sub-{self.subject}"

    @property
    def log_dir(self) -> Path:
        """Folder of its logs and crash files."""
        return log_dir(self.settings.output_dir, self.subject)

    @property
    def asked(self) -> tuple[str, ...]:
        """All that is to write findings: the preprocessing and each analysis."""
        return ("preproc", *(model.name for model in self.models))

    def aged(self, earlier: RunStatus) -> tuple[str, ...]:
        """Name what an earlier run left undone and nobody asks for this time."""
        return tuple(name for name in earlier.undone if name not in self.asked)

    def status(self, session: str | None) -> RunStatus:
        """Give what is known of a session so far: the status on disk, or a fresh one."""
        try:
            return RunStatus.read(status_file(self.settings.output_dir, self.subject, session))
        except BidsAppError:
            return self.fresh_status(session)

    def fresh_status(self, session: str | None) -> RunStatus:
        """Give the status of a session of which nothing is done."""
        return RunStatus(
            subject=self.subject,
            session=session,
            state="running",
            version=bidsapp.__version__,
            undone=self.asked,
        )

    def write_status(self, status: RunStatus) -> None:
        """Write the status of a session."""
        status.write(status_file(self.settings.output_dir, self.subject, status.session))

    def begin(self, session: str | None, images: str = "") -> None:
        """Record that a session is to be done anew: what there is of it, is of an earlier run.

        Parameters
        ----------
        images
            Digest of what the preprocessed images depend on this time, once it is known: findings of other
            images that nobody asks for this time are then out of date, too.
        """
        earlier = self.status(session)
        aged = self.aged(earlier)
        if images and earlier.images != images:
            folder = log_dir(self.settings.output_dir, self.subject, session)
            there = (path.stem.removeprefix("findings-") for path in sorted(folder.glob("findings-*.json")))
            aged = tuple(name for name in there if name not in self.asked)
        self.write_status(
            replace(
                self.fresh_status(session),
                images=images or earlier.images,
                steps=tuple(step for step in earlier.steps if step.state == "done"),
                undone=(*self.asked, *aged),
            )
        )

    def fail(self, sentence: str, code: ExitCode) -> None:
        """Record the failure for every session that is being done; one that is done or failed stays so.

        A run that was to write reports alone says nothing of the results.
        """
        if self.settings.reports_only:
            return
        for session in self.sessions:
            status = self.status(session)
            if status.state == "running":
                self.write_status(replace(status, state="failed", error=sentence, exit_code=code))

    def record_death(self, how: str, *, killed: bool) -> str:
        """Write for a process that is gone what it cannot write any more; give the sentence.

        Where another run has taken over the subject, or reports alone were asked for, the status holds.

        Parameters
        ----------
        how
            Name of the signal, or the exit status.
        killed
            By a signal; else the process ended by itself without a word.
        """
        try:
            with claim(self.work_dir, self.subject):
                sentence = self._tell_death(how, self._running_step(), killed=killed)
                self.fail(sentence, ExitCode.INTERNAL)
        except TryAgainError:
            sentence = self._tell_death(how, "", killed=killed)
        return sentence

    def record_stop(self, reason: str) -> None:
        """Write for a process that was ended with the run, and why, that none of its sessions goes on.

        One that was ended before it began leaves no status.
        """
        files = [status_file(self.settings.output_dir, self.subject, session) for session in self.sessions]
        if not any(file.is_file() for file in files):
            return
        with suppress(TryAgainError), claim(self.work_dir, self.subject):  # else another run has taken over
            self.fail(
                f"sub-{self.subject} was not finished: {reason}; run the same command again.",
                ExitCode.TRY_AGAIN,
            )

    def _tell_death(self, how: str, step: str, *, killed: bool) -> str:
        where = f" during step {step}" if step else ""
        ended = "was killed" if killed else "ended without a word"
        advice = f"; see {self.log_dir / 'run.log'}"
        if how == signal.SIGKILL.name:
            advice = (
                ", perhaps for lack of memory; give it more memory or fewer processes (--mem-gb, --nprocs)"
            )
        return (
            f"sub-{self.subject}: its process {ended} ({how}){where}{advice} and run the same command again."
        )

    def _running_step(self) -> str:
        """Name the last step that a process that is gone had begun; empty where it had begun none."""
        statuses = [self.status(session) for session in self.sessions]
        steps = [step for status in statuses if status.state == "running" for step in status.steps]
        return next((step.name for step in reversed(steps) if step.state == "running"), "")


def work_folder(work_root: Path, bids_dir: Path) -> Path:
    """Give the folder of all intermediate results; another version or another dataset uses another one."""
    return work_root / f"{WORK_PREFIX}{bidsapp.__version__}-{digest_json(str(bids_dir.resolve()))[:8]}"
