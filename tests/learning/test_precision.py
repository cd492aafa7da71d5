"""bfloat16 where the device has it; else float32, or, in training, float16 with a scaled loss."""

from __future__ import annotations

import pytest
import torch

from bidsapp.learning.precision import has_bfloat16, mixed_precision, trainer_precision


@pytest.fixture
def capability(monkeypatch):
    monkeypatch.setattr(torch.version, "hip", None)
    return lambda *own: monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: own)


def test_the_cpu_computes_convolutions_in_bfloat16():
    layer, image = torch.nn.Conv3d(1, 2, 3), torch.rand(1, 1, 4, 4, 4)
    with torch.inference_mode(), mixed_precision("cpu"):
        assert layer(image).dtype == torch.bfloat16
    assert layer(image).dtype == torch.float32


@pytest.mark.parametrize(
    ("own", "has", "trained"), [((8, 0), True, "bf16-mixed"), ((7, 5), False, "16-mixed")]
)
def test_gpus_before_ampere_have_no_bfloat16(capability, own, has, trained):
    capability(*own)
    assert has_bfloat16("cuda:0") == has
    assert trainer_precision("bf16-mixed", "cuda:0") == trained
    assert trainer_precision("32-true", "cuda:0") == "32-true"
    assert trainer_precision("bf16-mixed", "cpu") == "bf16-mixed"


def test_on_such_a_gpu_inference_is_in_float32(capability):
    capability(7, 0)
    context = mixed_precision("cuda:0")
    assert context.device == "cuda"
    assert not context._enabled
