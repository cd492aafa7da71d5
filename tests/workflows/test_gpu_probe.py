"""What is told of a GPU is what torch tells; what torch raises becomes a reason."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from bidsapp.workflows import gpu_probe
from bidsapp.workflows.supervisor import Event, Report

VERSION = """NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024
GCC version:  gcc version 12.2.0
"""
OPEN_VERSION = """NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (root@ci)
GCC version:  gcc version 12.3.0
"""


def pretend(monkeypatch, **functions):
    for name, function in functions.items():
        monkeypatch.setattr(torch.cuda, name, function)


def raising(text):
    def call(*_, **__):
        raise RuntimeError(text)

    return call


def test_a_gpu_is_described_and_computed_on(monkeypatch):
    own = SimpleNamespace(name="V100", total_memory=16.9e9, major=7, minor=0)
    shown = []

    def ones(size, device):
        shown.append(device)
        return torch.zeros(size)

    pretend(monkeypatch, get_device_properties=lambda index: own, mem_get_info=lambda index: (1.25e9, 16.9e9))
    monkeypatch.setattr(torch, "ones", ones)
    found = gpu_probe.examine(1)
    assert (found.model, found.total_gb, found.free_gb, found.capability) == ("V100", 16.9, 1.2, "7.0")
    assert not found.bfloat16
    assert found.problem == ""
    assert shown == ["cuda:1"]


def test_a_gpu_that_fails_at_its_first_computation_has_a_problem(monkeypatch):
    own = SimpleNamespace(name="H100", total_memory=85e9, major=9, minor=0)
    text = "CUDA error: no kernel image is available for execution on the device\nCompile with ..."
    pretend(monkeypatch, get_device_properties=lambda index: own, mem_get_info=lambda index: (1, 1))
    monkeypatch.setattr(torch, "ones", raising(text))
    found = gpu_probe.examine(0)
    assert found.problem == "CUDA error: no kernel image is available for execution on the device"
    assert found.bfloat16


def test_why_there_is_no_gpu_is_told(monkeypatch):
    pretend(monkeypatch, device_count=lambda: 0, init=raising("The NVIDIA driver is too old. Please update."))
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    assert gpu_probe.view().reason == "torch says: The NVIDIA driver is too old"
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    assert "built without CUDA" in gpu_probe.view().reason


def test_what_the_process_says_is_read_and_a_process_that_dies_is_a_reason(monkeypatch):
    monkeypatch.setattr(gpu_probe, "view", lambda: gpu_probe.View(reason="nothing there"))
    final = gpu_probe._work(None, print)
    seen = []

    def supervise(tasks, work, *, slots, environment):
        seen.append(environment(0))
        yield Report(None, final)

    monkeypatch.setattr(gpu_probe, "supervise", supervise)
    assert gpu_probe.look(("MIG-a", "MIG-b")).reason == "nothing there"
    assert gpu_probe.look(None).reason == "nothing there"
    assert seen == [{"CUDA_VISIBLE_DEVICES": "MIG-a,MIG-b"}, {}]
    died = Report(None, Event("SIGSEGV", final=True, code=1), signal=11)
    monkeypatch.setattr(gpu_probe, "supervise", lambda *_, **__: iter([died]))
    assert gpu_probe.look(None).reason == "looking for GPUs failed (SIGSEGV)"


def test_an_error_of_cuda_is_a_reason_and_no_traceback(monkeypatch):
    monkeypatch.setattr(gpu_probe, "view", raising("CUDA unknown error - this may be due to ..."))
    assert "looking for GPUs failed (CUDA unknown error" in gpu_probe._work(None, print).text


def test_the_version_of_the_driver(tmp_path):
    path = tmp_path / "version"
    assert gpu_probe.driver_version(path) == ""
    for text, version in ((VERSION, "550.54.15"), (OPEN_VERSION, "570.86.15")):
        path.write_text(text)
        assert gpu_probe.driver_version(path) == version
