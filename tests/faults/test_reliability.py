"""The suite of faults: its page names all of them, its judge sees broken promises, some are injected here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.faults.complaints import COMPLAINTS
from benchmarks.faults.judge import ending, judge
from benchmarks.faults.kinds import FAULTS
from benchmarks.faults.measured import measured
from benchmarks.faults.page import PAGE, draw_page
from benchmarks.faults.program import Ended
from benchmarks.faults.scene import Scene

ROOT = Path(__file__).parents[2]
BY_NAME = {fault.name: fault for fault in FAULTS}
INJECTED_HERE = ("sigterm", "truncated-intermediates", "table-edited")


def test_there_are_twenty_five_kinds_and_each_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(FAULTS) >= 25


def test_the_page_is_the_one_that_the_command_writes_and_every_promise_was_kept() -> None:
    assert PAGE.read_text(encoding="utf-8") == draw_page()
    seen = measured()["faults"]
    assert seen.keys() == BY_NAME.keys()
    assert [name for name, found in seen.items() if found["broken"]] == []


def test_what_covers_a_complaint_exists() -> None:
    for item in COMPLAINTS:
        for name in item.covered_by:
            file, _, test = name.partition("::")
            assert name in BY_NAME or (ROOT / file).is_file(), name
            if test:
                tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
                assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (Ended(1, "Interrupted. Run the same command again to go on", 1.0), "exit code 1"),
        (Ended(130, "Killed", 1.0), "did not say"),
        (Ended(130, "Interrupted. Run the same command again to go on\nTraceback", 1.0), "traceback"),
        (Ended(130, "Interrupted. Run the same command again to go on", 1.0, ("python",)), "left over"),
        (Ended(130, "Interrupted. Run the same command again to go on", 1.0, hung=True), "still running"),
    ],
)
def test_the_judge_sees_a_promise_that_is_broken(ended: Ended, said: str) -> None:
    (broken,) = ending(BY_NAME["sigint"], ended)
    assert said in broken


def test_the_judge_lets_a_kept_promise_pass() -> None:
    ended = Ended(130, "bidsapp: Interrupted. Run the same command again to go on.", 1.0)
    assert ending(BY_NAME["sigint"], ended) == []


@pytest.mark.timeout(1800)
def test_faults_end_as_promised(tmp_path: Path) -> None:
    """One test, not one for each fault: workers of pytest-xdist would make the scene again."""
    scene = Scene(tmp_path)
    seen = {name: judge(BY_NAME[name], scene) for name in INJECTED_HERE}
    assert {name: verdict.broken for name, verdict in seen.items()} == dict.fromkeys(INJECTED_HERE, ())
