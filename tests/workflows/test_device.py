"""A GPU that was asked for and is missing is an error; ``auto`` says what it chose; a slot gets one GPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bidsapp.errors import UnavailableError, UsageError
from bidsapp.interfaces.gpu import VISIBLE
from bidsapp.settings import Settings
from bidsapp.workflows import device
from bidsapp.workflows.device import describe_sharing, resolve_device, slot_environment
from bidsapp.workflows.gpu_probe import Gpu, View

SLICES = ("MIG-a1", "MIG-b2")
ABSENT = View(reason="torch says: No CUDA GPUs are available")


def gpu(**changed):
    facts = {"model": "A100", "total_gb": 42.4, "free_gb": 40.1, "capability": "8.0", "bfloat16": True}
    return Gpu(**{**facts, **changed})


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Pretend that CUDA sees these GPUs, as it would by the environment; give what was asked of it."""
    driver = tmp_path / "driver"
    driver.touch()
    monkeypatch.setattr(device, "DRIVERS", (driver,))
    monkeypatch.delenv(VISIBLE, raising=False)
    asked = []

    def make(*gpus, named=None, visible=None):
        known = dict(zip(named or map(str, range(len(gpus))), gpus, strict=True))

        def look(names):
            asked.append(names)
            seen = []
            for name in known if names is None else names:
                if name not in known:
                    break  # CUDA hides it, and all that follow
                seen.append(known[name])
            if names and names[0].startswith("MIG-"):
                seen = seen[:1]  # nor does it show a process more than one slice
            return View(gpus=tuple(seen)) if seen else ABSENT

        monkeypatch.setattr(device, "look", look)
        if visible is not None:
            monkeypatch.setenv(VISIBLE, visible)
        return asked

    return make


@pytest.mark.parametrize(
    ("name", "count", "expected", "gpus", "words"),
    [
        ("cpu", 2, "cpu", (), "as asked for"),
        ("auto", 0, "cpu", (), "found no GPU: torch says"),
        ("auto", 2, "cuda:0", ("0", "1"), "2 GPUs (--device auto): 0, 1"),
        ("cuda", 1, "cuda:0", ("0",), "1 GPU, as asked for"),
        ("cuda", 2, "cuda:0", ("0", "1"), "2 GPUs, as asked for"),
        ("cuda:1", 2, "cuda:0", ("1",), "(--device cuda:1): 1"),
    ],
)
def test_the_device_and_why(machine, name, count, expected, gpus, words):
    machine(*[gpu()] * count)
    found = resolve_device(name)
    assert (found.device, found.gpus) == (expected, gpus)
    assert words in found.said[0]


def test_the_health_of_each_gpu_is_said(machine, monkeypatch, tmp_path):
    monkeypatch.setattr(device, "driver_version", lambda: "550.54.15")
    machine(gpu(), gpu(model="V100", capability="7.0", bfloat16=False))
    _, first, second = resolve_device("cuda").said
    assert first == (
        "GPU 0: A100, 42.4 GB of memory, 40.1 GB free, compute capability 8.0, driver 550.54.15; healthy."
    )
    assert "no bfloat16: networks compute in float32" in second


def test_what_the_scheduler_lets_us_see_is_all_there_is(machine):
    machine(*[gpu()] * 4, visible="2,3")
    assert resolve_device("auto").gpus == ("2", "3")
    assert resolve_device("cuda:1").gpus == ("3",)
    with pytest.raises(UnavailableError, match="the last GPU is cuda:1"):
        resolve_device("cuda:2")


def test_slices_are_looked_at_one_by_one_for_cuda_shows_a_process_only_one(machine):
    asked = machine(gpu(), gpu(), named=SLICES, visible="MIG-a1, MIG-b2")
    assert resolve_device("auto").gpus == SLICES
    assert asked == [("MIG-a1",), ("MIG-b2",)]


@pytest.mark.parametrize("visible", [None, "MIG-a1,MIG-b2"])
def test_a_slice_is_taken_by_its_name(machine, visible):
    machine(gpu(), gpu(), named=SLICES, visible=visible)
    found = resolve_device("cuda:MIG-b2")
    assert (found.device, found.gpus) == ("cuda:0", ("MIG-b2",))


def test_a_slice_that_is_not_there_is_an_error_in_one_sentence(machine):
    machine(gpu(), named=("MIG-a1",))
    with pytest.raises(UnavailableError) as caught:
        resolve_device("cuda:MIG-c3")
    assert str(caught.value) == (
        "--device cuda:MIG-c3 was asked for, but there is no GPU MIG-c3 (torch says: No CUDA GPUs are "
        "available); check the driver and CUDA_VISIBLE_DEVICES, or use --device cpu."
    )


def test_a_gpu_that_the_scheduler_gave_to_others_is_not_taken(machine):
    machine(gpu(), gpu(), named=("GPU-1", "GPU-2"), visible="GPU-1")
    with pytest.raises(UnavailableError, match="CUDA_VISIBLE_DEVICES=GPU-1 does not name it"):
        resolve_device("cuda:GPU-2")


@pytest.mark.parametrize(("name", "count"), [("cuda", 0), ("cuda:0", 0), ("cuda:2", 2)])
def test_a_missing_gpu_is_never_replaced_by_the_cpu(machine, name, count):
    machine(*[gpu()] * count)
    with pytest.raises(UnavailableError, match=f"--device {name} was asked for"):
        resolve_device(name)


def test_a_name_that_leads_nowhere_is_an_error_if_asked_for_and_said_by_auto(machine):
    machine(gpu(), visible="0,7")
    with pytest.raises(UnavailableError, match="there is no GPU 7"):
        resolve_device("cuda")
    found = resolve_device("auto")
    assert found.gpus == ("0",)
    assert "there is no GPU 7" in found.said[0]


def test_a_gpu_that_does_not_compute_is_an_error_if_asked_for_and_left_out_by_auto(machine):
    machine(gpu(), gpu(problem="no kernel image is available"))
    with pytest.raises(UnavailableError, match=r"GPU 1 cannot be used \(no kernel image is available\)"):
        resolve_device("cuda")
    assert resolve_device("cuda:0").gpus == ("0",)
    found = resolve_device("auto")
    assert found.gpus == ("0",)
    assert "GPU 1" in found.said[2]
    assert "cannot be used: no kernel image" in found.said[2]


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "mps", "cuda:MIG-"])
def test_what_is_no_device_is_a_usage_error(machine, name):
    machine(gpu())
    with pytest.raises(UsageError, match="no device"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["cpu", "auto", "cuda"])
def test_torch_is_not_imported_in_this_process(name):
    code = (
        "import sys; from bidsapp.workflows import device; from bidsapp.workflows.gpu_probe import View; "
        "device.DRIVERS = (); device.look = lambda names: View()\n"
        f"try: device.resolve_device('{name}')\nexcept device.UnavailableError: pass\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def settings(name):
    return Settings(bids_dir=Path("in"), output_dir=Path("out"), levels=("participant",), device=name)


def test_slots_take_turns_on_the_gpus_of_the_run(machine, monkeypatch):
    machine(gpu(), gpu())
    monkeypatch.setenv(VISIBLE, "to be set back")
    found = device.Devices("cuda:0", ("3", "MIG-a1"), ())
    found.show_to_processes()
    assert os.environ[VISIBLE] == "3,MIG-a1"
    own = settings("cuda:0")
    assert [slot_environment(own, slot)[VISIBLE] for slot in range(4)] == ["3", "MIG-a1", "3", "MIG-a1"]
    assert slot_environment(settings("cpu"), 1) == {}


@pytest.mark.parametrize(
    ("slots", "said"),
    [(4, "4 subjects at a time share 2 GPUs"), (2, ""), (1, "1 of 2 GPUs will be used")],
)
def test_the_log_says_how_subjects_share_gpus(monkeypatch, slots, said):
    monkeypatch.setenv(VISIBLE, "0,1")
    assert describe_sharing(settings("cuda:0"), slots).startswith(said)
    assert bool(describe_sharing(settings("cuda:0"), slots)) == bool(said)
    assert describe_sharing(settings("cpu"), slots) == ""
