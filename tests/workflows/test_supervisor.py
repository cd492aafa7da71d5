import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bidsapp.bundle import Bundle
from bidsapp.settings import Settings
from bidsapp.workflows.models import Model
from bidsapp.workflows.subject import SubjectTask
from bidsapp.workflows.supervisor import Event, supervise


def work(task, send):
    if task == "killed":
        send(Event("step one"))
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "fails":
        return Event("no brain", final=True, code=65)
    send(Event("step one"))
    return Event("done", final=True)


def say_environment(task, send):
    return Event(f"{os.environ['CUDA_VISIBLE_DEVICES']} {'torch' in sys.modules}", final=True)


def say_whether_interrupts_are_heard(task, send):
    os.kill(os.getpid(), signal.SIGINT)
    score = Path("/proc/self/oom_score_adj").read_text().strip()
    return Event(f"still here, {score}", final=True)


def sleep_then_say(task, send):
    time.sleep(60)
    return Event("late", final=True)


def compute_without_a_pause(task, send):
    """Hold the interpreter, as a library does in a long computation: no other thread of Python runs."""
    send(Event(str(os.getpid())))
    ctypes.PyDLL(None).sleep(60)
    return Event("late", final=True)


def final_events(tasks, slots):
    return {report.task: report for report in supervise(tasks, work, slots=slots) if report.event.final}


def test_every_task_ends_once_whatever_happens_to_the_others():
    ends = final_events(["a", "killed", "fails", "b"], slots=2)
    assert {task: report.event.code for task, report in ends.items()} == {
        "a": 0,
        "killed": 1,
        "fails": 65,
        "b": 0,
    }


def test_a_killed_worker_is_named_with_its_signal_at_once():
    start = time.monotonic()
    end = final_events(["killed"], slots=1)["killed"]
    assert end.signal == signal.SIGKILL
    assert end.event.text == "SIGKILL"
    assert time.monotonic() - start < 20


def test_progress_arrives_before_the_end():
    reports = list(supervise(["a"], work, slots=1))
    assert [(report.event.text, report.event.final) for report in reports] == [
        ("step one", False),
        ("done", True),
    ]


def test_closing_the_run_ends_its_workers():
    events = supervise(["a", "killed"], work, slots=2)
    next(events)
    events.close()
    start = time.monotonic()
    slow = supervise([0], sleep_then_say, slots=1)
    slow.close()
    assert time.monotonic() - start < 5


def test_a_worker_ends_with_its_parent_even_in_a_long_computation():
    code = (
        "from tests.workflows.test_supervisor import *\n"
        "if __name__ == '__main__':\n"
        "    for report in supervise([0], compute_without_a_pause, slots=1):\n"
        "        print(report.event.text, flush=True)\n"
    )
    root = Path(__file__).parents[2]
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True)
    worker = Path("/proc") / parent.stdout.readline().strip()
    time.sleep(0.2)
    assert worker.is_dir(), "it computes"
    parent.kill()
    parent.wait()
    end = time.monotonic() + 10
    while is_alive(worker):
        assert time.monotonic() < end, "it writes on"
        time.sleep(0.05)


def is_alive(process):
    """Tell whether a process runs; one that nobody has waited for yet does not."""
    try:
        return ") Z " not in (process / "stat").read_text()
    except OSError:
        return False


def test_a_worker_leaves_interrupts_to_its_parent_and_goes_first_when_memory_runs_out():
    (report,) = supervise([0], say_whether_interrupts_are_heard, slots=1)
    assert report.event.text == "still here, 500"


@pytest.fixture
def subject():
    """A task as the run makes it, with all that a process has to unpickle before it can work."""
    settings = Settings(bids_dir=Path("in"), output_dir=Path("out"), levels=("participant",), device="cuda:0")
    bundle = Bundle.read(Path(__file__).parents[2] / "bidsapp" / "data" / "bundles" / "brain")
    return SubjectTask(settings, "01", (None,), (Model("ms", bundle),), bundle)


def test_a_slot_has_its_environment_before_torch_is_imported_and_is_free_again_when_its_process_ends(
    subject, monkeypatch
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "all")
    asked = []

    def environment(slot):
        asked.append(slot)
        return {"CUDA_VISIBLE_DEVICES": f"GPU-{slot}"}

    reports = list(supervise([subject] * 3, say_environment, slots=2, environment=environment))
    said = sorted(report.event.text for report in reports)
    assert asked[:2] == [0, 1]
    assert asked[2] in (0, 1)
    assert said == sorted(f"GPU-{slot} False" for slot in asked)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "all"
