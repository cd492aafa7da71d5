"""Holds what was seen of a disturbed run, and of the same command afterwards, against what was promised."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.faults.fault import Fault
from benchmarks.faults.program import LIMIT, Ended, MissedError
from benchmarks.faults.scene import EARLIER, FIRST, SECOND, Scene
from bidsapp.errors import BidsAppError
from bidsapp.layout import status_file
from bidsapp.status import RunStatus

ATTEMPTS = 3


@dataclass(frozen=True)
class Verdict:
    """What was seen: the promises that were broken (none: all is as promised), and how long it took.

    Attributes
    ----------
    broken
        A sentence for each broken promise.
    said
        Words of the disturbed run.
    seconds
        Of the disturbed run; ``total`` with the runs before and after it.
    """

    broken: tuple[str, ...]
    said: str
    seconds: float
    total: float


def judge(fault: Fault, scene: Scene) -> Verdict:
    """Inject a fault and tell which promises were broken; that it could not be injected is one of them."""
    begin = time.monotonic()
    try:
        ended, broken = _try(fault, scene, scene.undisturbed(fault.options))
    except Exception as error:  # whatever it is, the next fault is injected
        ended, broken = Ended(0, str(error), 0.0), [f"the fault was not injected ({type(error).__name__})"]
    scene.clear()
    return Verdict(tuple(broken), ended.text, ended.seconds, time.monotonic() - begin)


def _try(fault: Fault, scene: Scene, expected: Mapping[str, str]) -> tuple[Ended, list[str]]:
    """Inject a fault, and again where the run had ended before the moment to disturb it."""
    for _ in range(ATTEMPTS - 1):
        try:
            return _inject(fault, scene, expected)
        except MissedError:
            scene.reset()
    return _inject(fault, scene, expected)


def _inject(fault: Fault, scene: Scene, expected: Mapping[str, str]) -> tuple[Ended, list[str]]:
    surroundings = scene.surroundings()
    earlier = _of_earlier(scene)
    with fault.disturb(scene) as ended:
        broken = ending(fault, ended)
        broken += _states(fault, scene, ended)
        if _of_earlier(scene) != earlier:
            broken.append(f"results of sub-{EARLIER} were touched")
    again = scene.start(fault.options).end(LIMIT)
    if again.code or again.hung or again.left_over:
        broken.append(f"the same command afterwards ended with {again.code}: {again.text}")
    broken += _differences("results differ from an undisturbed run", expected, scene.results())
    broken += _differences("written outside", surroundings, scene.surroundings())
    if scene.work.exists():
        broken.append("the work folder was left behind")
    return ended, broken


def ending(fault: Fault, ended: Ended) -> list[str]:
    """Give a sentence for each promise that the way in which a run ended breaks."""
    broken = []
    if ended.hung:
        broken.append(f"still running after {fault.limit:.0f} s")
    elif ended.seconds > fault.limit:
        broken.append(f"took {ended.seconds:.0f} s")
    if ended.code not in fault.codes:
        broken.append(f"exit code {ended.code}")
    if not re.search(fault.says, ended.text, re.DOTALL):
        broken.append(f"did not say {fault.says!r}")
    if re.search(r"Traceback|Internal error|Exception ignored|File \".*\", line", ended.text):
        broken.append("showed a traceback")
    if ended.left_over:
        broken.append(f"processes left over: {', '.join(ended.left_over)}")
    return broken


def _states(fault: Fault, scene: Scene, ended: Ended) -> list[str]:
    """Compare the status files with the exit code and with what was promised of other subjects."""
    states = {label: _state(scene, label) for label in (FIRST, SECOND)}
    broken = [f"sub-{label} is {states[label]}, not done" for label in fault.done if states[label] != "done"]
    if fault.records and "running" in states.values():
        broken.append(f"a status still says running after exit code {ended.code}")
    if ended.code == 0 and set(states.values()) != {"done"}:
        broken.append(f"exit code 0, and yet {states}")
    return broken


def _state(scene: Scene, label: str) -> str:
    try:
        return RunStatus.read(status_file(scene.out, label, None)).state
    except BidsAppError:
        return "unknown"


def _of_earlier(scene: Scene) -> tuple[dict[str, str], list[str]]:
    """Give what there is of the subject that was done before: files, and its row of the participants."""
    name = f"sub-{EARLIER}"
    files = {path: digest for path, digest in scene.results().items() if path.startswith(name)}
    rows = (scene.out / "participants.tsv").read_text(encoding="utf-8").splitlines()
    return files, [rows[0], *(row for row in rows if row.startswith(name))]


def _differences(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    odd = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return [f"{what}: {', '.join(odd)}"] if odd else []
