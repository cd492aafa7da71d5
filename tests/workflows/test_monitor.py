import os
import time
from types import SimpleNamespace

import numpy as np
import pytest
from nipype.interfaces.utility import Merge

from bidsapp.workflows.monitor import StepMonitor, peak_memory_mb, reset_peak_memory, step_name


def node(name, folder="absent"):
    return SimpleNamespace(
        name=name,
        fullname=f"sub_01_wf.{name}",
        interface=SimpleNamespace(inputs=SimpleNamespace()),
        output_dir=lambda: str(folder),
    )


def test_a_step_is_measured_from_start_to_end():
    steps = []
    monitor = StepMonitor(steps.append)
    monitor(node("session_wf.warp"), "start")
    total = sum(i * i for i in range(300_000))
    monitor(node("session_wf.warp"), "end")
    assert [(step.name, step.state) for step in steps] == [
        ("session_wf.warp", "running"),
        ("session_wf.warp", "done"),
    ]
    assert 0 < steps[1].cpu_seconds <= steps[1].seconds + 0.1
    assert total > 0


def test_a_step_that_never_started_leaves_no_trace():
    steps = []
    StepMonitor(steps.append)(node("session_wf.warp"), "end")
    assert steps == []


@pytest.mark.parametrize("clock", [-3600, 3600], ids=["server lags", "server is ahead"])
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("made", [False, True])
def test_a_step_is_reused_whose_result_is_the_one_that_was_there(tmp_path, clock, before, made):
    result, steps = tmp_path / "result_warp.pklz", []
    monitor = StepMonitor(steps.append)

    def write(age):
        result.write_text("")
        os.utime(result, (time.time() + clock - age,) * 2)

    if before:
        write(60)
    monitor(node("warp", tmp_path), "start")
    if made:
        write(0)
    monitor(node("warp", tmp_path), "end")
    assert steps[-1].reused == (before and not made)


def test_nipypes_own_nodes_are_no_steps():
    steps = []
    merge = SimpleNamespace(name="m", fullname="sub_01_wf.m", interface=Merge(2), output_dir=lambda: "absent")
    StepMonitor(steps.append)(merge, "start")
    assert steps == []


def test_a_failed_step_says_so():
    steps = []
    monitor = StepMonitor(steps.append)
    monitor(node("a"), "start")
    monitor(node("a"), "exception")
    assert steps[-1].state == "failed"


def test_peak_memory_sees_an_allocation_and_forgets_it():
    reset_peak_memory()
    before = peak_memory_mb()
    block = np.ones(30_000_000)  # 240 MB
    during = peak_memory_mb()
    del block
    reset_peak_memory()
    assert during - before > 200
    assert peak_memory_mb() < during - 100


def test_step_name_drops_the_subject():
    assert step_name("sub_01_wf.ses_1_wf.align") == "ses_1_wf.align"


def test_a_step_on_a_gpu_is_named_after_it(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-a1")
    steps = []
    on_gpu = node("segment")
    on_gpu.interface.inputs = SimpleNamespace(use_gpu=True, device="cuda:0")
    monitor = StepMonitor(steps.append)
    for each in (on_gpu, node("warp")):
        monitor(each, "start")
        monitor(each, "end")
    assert [step.device for step in steps] == ["cuda:MIG-a1"] * 2 + ["cpu"] * 2
