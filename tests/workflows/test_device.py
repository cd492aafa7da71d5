"""A GPU that was asked for and is missing is an error; ``auto`` says what it chose."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bidsapp.errors import UnavailableError, UsageError
from bidsapp.workflows import device
from bidsapp.workflows.device import resolve_device


@pytest.fixture
def gpus(monkeypatch, tmp_path):
    """Pretend that torch finds so many GPUs and that their driver is there."""
    driver = tmp_path / "driver"
    driver.touch()
    monkeypatch.setattr(device, "DRIVERS", (driver,))
    return lambda count: monkeypatch.setattr(device, "_count_gpus", lambda: count)


@pytest.mark.parametrize(
    ("name", "count", "expected", "words"),
    [
        ("cpu", 2, "cpu", "as asked for"),
        ("auto", 0, "cpu", "found no GPU"),
        ("auto", 2, "cuda:0", "auto found 2"),
        ("cuda", 1, "cuda:0", "as asked for"),
        ("cuda:1", 2, "cuda:1", "cuda:1"),
    ],
)
def test_the_device_and_why(gpus, name, count, expected, words):
    gpus(count)
    chosen, sentence = resolve_device(name)
    assert chosen == expected
    assert words in sentence


@pytest.mark.parametrize(("name", "count"), [("cuda", 0), ("cuda:0", 0), ("cuda:2", 2)])
def test_a_missing_gpu_is_never_replaced_by_the_cpu(gpus, name, count):
    gpus(count)
    with pytest.raises(UnavailableError, match=f"--device {name} was asked for"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "mps"])
def test_what_is_no_device_is_a_usage_error(gpus, name):
    gpus(1)
    with pytest.raises(UsageError, match="no device"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["cpu", "auto"])
def test_torch_is_not_imported_where_there_is_no_driver(name):
    code = (
        "import sys; from bidsapp.workflows import device; device.DRIVERS = (); "
        f"device.resolve_device('{name}'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
