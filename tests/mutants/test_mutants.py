"""A small part of ``benchmarks/mutants.py``: each mutant is read or refused in a sentence, within limits."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from bidsapp.errors import BadDataError
from tests.mutants import judge as judging
from tests.mutants.judge import judge
from tests.mutants.kinds import KINDS, Kind

FEW = 18


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_mutants_are_read_or_refused(kind: Kind, tmp_path: Path) -> None:
    bad = []
    for seed in range(FEW):
        folder = tmp_path / str(seed)
        folder.mkdir()
        kind.make(folder, random.Random(f"{kind.name} {seed}"))
        verdict = judge(kind.read, folder)
        if not verdict.is_good:
            bad.append(f"{seed}: {verdict.outcome}: {verdict.text}")
    assert not bad, "\n".join(bad)


def test_the_same_seed_gives_the_same_mutant(tmp_path: Path) -> None:
    for kind in KINDS:
        made = []
        for name in ("first", "second"):
            folder = tmp_path / kind.name / name
            folder.mkdir(parents=True)
            kind.make(folder, random.Random(3))
            files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
            made.append({path.relative_to(folder): path.read_bytes() for path in files})
        assert made[0] == made[1]


def _refuse(folder: Path) -> None:
    raise BadDataError(f"{folder} is broken; mend it.")


def _stutter(folder: Path) -> None:
    raise BadDataError("no sentence")


def _crash(folder: Path) -> None:
    raise KeyError(folder)


def _grow(folder: Path) -> None:
    bytearray(2 * judging.MEMORY)


def _escape(folder: Path) -> None:
    (folder / "beside").write_text("")


def _die(folder: Path) -> None:
    os.kill(os.getpid(), 9)


def _spin(folder: Path) -> None:
    while True:
        time.process_time()


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        (lambda folder: None, "read"),
        (_refuse, "refused"),
        (_stutter, "unclear"),
        (_crash, "crash"),
        (_grow, "memory"),
        (_escape, "outside"),
        (_die, "crash"),
        (_spin, "hang"),
    ],
    ids=["read", "refused", "unclear", "crash", "memory", "outside", "killed", "hang"],
)
def test_the_judge_tells_each_outcome(read, outcome, tmp_path, monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 1)
    assert judge(read, tmp_path).outcome == outcome
