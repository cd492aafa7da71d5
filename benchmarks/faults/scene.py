"""The place of a fault: a small dataset, results of an earlier run, folders that must stay as they are."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.faults.machine import unmount
from benchmarks.faults.program import LIMIT, REPOSITORY, Ended, Program
from tests.ready_signals import SONG_2018, add_subject, resting_signals, write_dataset

EARLIER, FIRST, SECOND = "zero", "one", "two"
FRAMES = 60
BUNDLE = REPOSITORY / "bidsapp" / "data" / "bundles" / "coma-restingstate"
PREPROCESSING = ("--analysis", "brain")
"""No analysis: a run without torch, in seconds."""


class Scene:
    """One folder that is made anew for each fault, always at the same path.

    Parameters
    ----------
    folder
        Of its own; it holds the scene and the copy that every scene begins with.

    Attributes
    ----------
    bids, out
        Dataset of three subjects with signals of regions, and the output folder, in which one is done.
    work
        Folder of intermediate results; ``bundle`` beside it is a copy of a packaged one.
    home, tmp, place
        HOME, TMPDIR and the current folder: nothing may be written there.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "scene"
        self.bids, self.out = self.root / "bids", self.root / "out"
        self.home, self.tmp, self.place = self.root / "home", self.root / "tmp", self.root / "place"
        self.work = self.out / "work"
        self.mounts: list[Path] = []
        self._start = folder / "start"
        self._undisturbed: dict[tuple[str, ...], Mapping[str, str]] = {}
        self._make()

    def start(
        self,
        options: Sequence[str] = (),
        *,
        labels: Sequence[str] = (FIRST, SECOND),
        environment: Mapping[str, str | None] | None = None,
        before: Sequence[str] = (),
    ) -> Program:
        """Start the program on some of the subjects."""
        given = [word.replace("{}", str(self.root)) for word in options or PREPROCESSING]
        words = [self.bids, self.out, "participant", "--nprocs", "1", "--participant-label", *labels, *given]
        places = {"HOME": str(self.home), "TMPDIR": str(self.tmp)}
        return Program(
            [str(word) for word in words],
            place=self.place,
            out=self.out,
            environment={**places, **(environment or {})},
            before=before,
        )

    def reset(self) -> None:
        """Take away what a fault left, and begin again."""
        self.clear()
        shutil.copytree(self._start, self.root, symlinks=True)

    def release(self, folder: Path) -> None:
        """Take a mount of the scene away."""
        self.mounts.remove(folder)
        unmount(folder)

    def clear(self) -> None:
        """Remove the scene with all that is mounted in it."""
        while self.mounts:
            unmount(self.mounts.pop())
        if self.root.exists():
            shutil.rmtree(self.root)

    def undisturbed(self, options: tuple[str, ...]) -> Mapping[str, str]:
        """Give the digests of the derivatives of a run that nothing disturbs; the scene is new afterwards."""
        if options not in self._undisturbed:
            self.reset()
            ended = self.start(options).end(LIMIT)
            if ended.code:
                raise RuntimeError(f"the undisturbed run ended with {ended.code}: {ended.text}")
            self._undisturbed[options] = self.results()
        self.reset()
        return self._undisturbed[options]

    def results(self) -> dict[str, str]:
        """Digest all derivatives."""
        return derivatives(self.out)

    def surroundings(self) -> dict[str, str]:
        """Digest all that the program must leave as it was."""
        return {
            f"{folder.name}/{name}": digest
            for folder in (self.bids, self.home, self.tmp, self.place)
            for name, digest in digests(folder).items()
        }

    def table(self, subject: str) -> Path:
        """Give the table of signals of a subject."""
        return self.bids / f"sub-{subject}" / "func" / f"sub-{subject}_task-rest_timeseries.tsv"

    def _make(self) -> None:
        self.root.mkdir(parents=True)
        labels = (EARLIER, FIRST, SECOND)
        rows = "".join(f"sub-{label}\t{40 + number}\n" for number, label in enumerate(labels))
        write_dataset(self.bids, f"participant_id\tage\n{rows}")
        for number, label in enumerate(labels):
            signals = resting_signals(number, FRAMES, len(SONG_2018))
            add_subject(self.bids, label, signals, RepetitionTime=2.0)
        shutil.copytree(BUNDLE, self.root / "bundle")
        for folder in (self.home, self.tmp, self.place):
            folder.mkdir()
        ended: Ended = self.start(labels=[EARLIER]).end(LIMIT)
        if ended.code:
            raise RuntimeError(f"the first run ended with {ended.code}: {ended.text}")
        self.root.rename(self._start)


def derivatives(out: Path) -> dict[str, str]:
    """Digest all derivatives; logs, and the times in reports, differ from run to run."""
    return {
        name: digest
        for name, digest in digests(out).items()
        if not name.startswith(("logs/", "work/")) and not name.endswith(".html")
    }


def digests(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of every file below a folder, by relative path; folders and links count as well."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.is_dir():
            found[f"{name}/"] = "folder"
        else:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
