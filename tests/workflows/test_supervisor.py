import os
import signal
import time

from bidsapp.workflows.supervisor import Event, supervise


def work(task, send):
    if task == "killed":
        send(Event("step one"))
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "fails":
        return Event("no brain", final=True, code=65)
    send(Event("step one"))
    return Event("done", final=True)


def sleep_then_say(task, send):
    time.sleep(60)
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
