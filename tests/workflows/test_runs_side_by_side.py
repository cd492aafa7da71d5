"""Three runs of the program at once for the same subjects: each subject is done by one, and all are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidsapp.errors import ExitCode
from bidsapp.layout import status_file
from bidsapp.status import RunStatus
from tests.ready_signals import SONG_2018, add_subject, resting_signals, write_dataset
from tests.side_by_side import (
    VALIDATOR,
    answers,
    digests,
    share_of,
    start,
    times_computed,
    validator_errors,
)

RUNS = 3
SUBJECTS = ("one", "two")


@pytest.fixture(scope="module")
def bids(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = "".join(f"sub-{label}\t{40 + number}\n" for number, label in enumerate(SUBJECTS))
    folder = write_dataset(tmp_path_factory.mktemp("side") / "bids", f"participant_id\tage\n{rows}")
    for number, label in enumerate(SUBJECTS):
        add_subject(folder, label, resting_signals(number, 60, len(SONG_2018)), RepetitionTime=2.0)
    return folder


@pytest.fixture(scope="module")
def out(bids: Path) -> Path:
    """Give the folder that the runs filled together."""
    folder = bids.parent / "together"
    runs = [start(bids, folder, share_of(SUBJECTS, run, len(SUBJECTS))) for run in range(RUNS)]
    said = [run.communicate(timeout=500)[1] for run in runs]
    codes = {run.returncode for run in runs}
    assert codes <= {ExitCode.OK, ExitCode.TRY_AGAIN}, said
    return folder


def test_nothing_is_done_twice_and_nothing_is_lost(out: Path) -> None:
    assert times_computed(out) == dict.fromkeys(SUBJECTS, 1)
    for subject, said in answers(out).items():
        assert said.count("did it") == 1, subject
        assert said.count("found it done") + said.count("left it to another run") == RUNS - 1, said
        assert RunStatus.read(status_file(out, subject, None)).state == "done"
    rows = (out / "participants.tsv").read_text().splitlines()[1:]
    assert rows == ["sub-one\t40", "sub-two\t41"]
    assert not (out / "work").exists()


def test_the_bytes_are_those_of_a_single_run(bids: Path, out: Path) -> None:
    alone = bids.parent / "alone"
    run = start(bids, alone, SUBJECTS)
    _, said = run.communicate(timeout=500)
    assert run.returncode == ExitCode.OK, said
    assert digests(out) == digests(alone)


@pytest.mark.skipif(not VALIDATOR.exists(), reason="bids-validator-deno is not installed")
def test_what_they_wrote_is_valid(out: Path) -> None:
    assert validator_errors(out) == []
