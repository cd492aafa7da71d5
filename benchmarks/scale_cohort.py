"""Grows the derivatives of a few processed subjects to those of thousands, with numbers a little changed.

Findings and status are written by the app's own nouns; images and reports are links to the real ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import cycle
from pathlib import Path, PurePosixPath

import numpy as np

import bidsapp
from bidsapp.bids.dataset import prepare_output
from bidsapp.bids.participants import write_participants
from bidsapp.findings import Cell, Findings, Score, Table
from bidsapp.layout import findings_file, status_file
from bidsapp.reports.collect import Visit, find_subjects, find_visits
from bidsapp.settings import Settings
from bidsapp.status import RunStatus

SPREAD = 0.05  # relative standard deviation of what a number is changed by


def grow(like: Path, raw: Path, out: Path, labels: Iterable[str], n_sessions: int) -> int:
    """Write derivatives of new subjects, each a copy of one that was really processed.

    Parameters
    ----------
    like
        Output folder with subjects that are done; their first sessions are copied in turn. Only read.
    raw
        Dataset of the new subjects, for ``participants.tsv``.
    out
        New output folder.
    labels
        Of the new subjects.
    n_sessions
        Sessions of each, ``01`` and so on.

    Returns
    -------
    int
        Number of models: the subjects that were copied.
    """
    models = [find_visits(like, subject)[0] for subject in find_subjects(like)]
    models = [visit for visit in models if visit.status and visit.state == "done"]
    settings = Settings(bids_dir=raw, output_dir=out, levels=("participant",))
    prepare_output(out, settings, bidsapp.__version__)
    rng = np.random.default_rng(0)
    for label, model in zip(labels, cycle(models), strict=False):
        for number in range(1, n_sessions + 1):
            _copy_visit(like, out, model, (label, f"{number:02d}"), rng)
        (out / f"sub-{label}.html").symlink_to((like / f"sub-{model.subject}.html").resolve())
    write_participants(out, raw)
    return len(models)


def _copy_visit(like: Path, out: Path, model: Visit, key: tuple[str, str], rng: np.random.Generator) -> None:
    """Write one session: links first, then findings, then the status, as a run does."""
    subject, session = key
    assert isinstance(model.status, RunStatus)
    names = {name: renamed(PurePosixPath(name), model, key) for name in model.status.outputs}
    for old, new in names.items():
        if not old.startswith("logs/"):
            (out / new).parent.mkdir(parents=True, exist_ok=True)
            (out / new).symlink_to((like / old).resolve())
    for each in model.findings:
        changed = _changed(each, model, key, rng)
        changed.write(findings_file(out, subject, session, each.analysis))
    outputs = {str(new): model.status.outputs[old] for old, new in names.items()}
    status = replace(model.status, subject=subject, session=session, outputs=outputs)
    status.write(status_file(out, subject, session))


def renamed(path: PurePosixPath, model: Visit, key: tuple[str, str]) -> PurePosixPath:
    """Give a file of a visit the name that it has for another subject and session."""
    subject, session = key
    inner = [part for part in path.parts if part not in {f"sub-{model.subject}", f"ses-{model.session}"}]
    name = inner[-1].removeprefix(f"sub-{model.subject}_").removeprefix(f"ses-{model.session}_")
    logs = [inner.pop(0)] if inner[0] == "logs" else []
    prefix = "" if logs else f"sub-{subject}_ses-{session}_"
    return PurePosixPath(*logs, f"sub-{subject}", f"ses-{session}", *inner[:-1], f"{prefix}{name}")


def _changed(findings: Findings, model: Visit, key: tuple[str, str], rng: np.random.Generator) -> Findings:
    def near(value: Cell) -> Cell:
        return round(value * (1 + SPREAD * rng.normal()), 6) if isinstance(value, float) else value

    def score(item: Score) -> Score:
        value = near(item.value)
        return replace(item, value=value if isinstance(value, int | float) else None)

    def table(item: Table) -> Table:
        return replace(item, rows=tuple(tuple(near(cell) for cell in row) for row in item.rows))

    maps = tuple(
        replace(item, path=Path(renamed(PurePosixPath(item.path.as_posix()), model, key)))
        for item in findings.maps
    )
    return replace(
        findings,
        subject=key[0],
        session=key[1],
        scores=tuple(score(item) for item in findings.scores),
        tables=tuple(table(item) for item in findings.tables),
        maps=maps,
    )
