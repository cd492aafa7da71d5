"""One truthful JSON per subject and session: what ran, what was skipped and why, what failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from bidsapp.errors import BadDataError, ExitCode
from bidsapp.files import write_json
from bidsapp.reading import read_object

State = Literal["running", "done", "failed"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One node of the workflow: its time, processor time and peak memory, and where it ran.

    ``device`` is ``cpu``, or ``cuda:`` and the name of the GPU as ``CUDA_VISIBLE_DEVICES`` gives it.
    ``reused`` says that an earlier, interrupted run had done it; the numbers are then of that run,
    or zero where it did not live to write them.
    """

    name: str
    state: State
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    device: str = "cpu"
    reused: bool = False


@dataclass(frozen=True, kw_only=True)
class RunStatus:
    """What happened to one subject and session.

    Attributes
    ----------
    state, exit_code, error
        How it ended; ``error`` is the sentence that the user saw.
    steps
        In the order in which they ran.
    skipped
        What did not run, and why.
    undone
        Analyses (``preproc`` is one) of which what there is, is older: this run was to do them and has not,
        or they were done on other images and nobody asked for them again.
    images
        Digest of everything that the preprocessed images depend on, and of the covariates, which analyses
        read beside them; neither manual masks (``--reference``) nor the random seed change it.
    key
        Digest of everything that the result depends on (input bytes, settings, bundles, version):
        a finished status with the same key is not run again.
    outputs
        Files that belong to the result, relative to the output folder, with their SHA-256.
    """

    subject: str
    session: str | None
    state: State
    version: str
    key: str = ""
    images: str = ""
    exit_code: int = ExitCode.OK
    error: str = ""
    steps: tuple[Step, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    undone: tuple[str, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """``sub-01`` or ``sub-01_ses-02``."""
        return f"sub-{self.subject}" + (f"_ses-{self.session}" if self.session else "")

    def leaves_out(self, analysis: str) -> str:
        """Say why findings in the folder are not to be shown; empty when they are of the last run."""
        if analysis not in {*self.undone, *self.skipped}:
            return ""
        return (
            f"{self.name}: the findings of {analysis} that are there are left out: they are older than the "
            f"last run's images; run {analysis} again."
        )

    def write(self, path: Path) -> Path:
        """Write as JSON, atomically."""
        return write_json(path, asdict(self))

    @classmethod
    def read(cls, path: Path) -> RunStatus:
        """Read what :meth:`write` wrote.

        Raises
        ------
        NoInputError
            The file does not exist or cannot be opened.
        BadDataError
            The file is not a status of this version.
        """
        try:
            content: dict[str, Any] = read_object(path)
            content["steps"] = tuple(Step(**step) for step in content["steps"])
            content["undone"] = tuple(content.get("undone", ()))
            return cls(**content)
        except (ValueError, KeyError, TypeError) as error:
            raise BadDataError(
                f"{path} does not hold a status ({error}); delete it and run again."
            ) from error
