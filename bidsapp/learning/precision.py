"""How many bits networks compute with: bfloat16 where the processor has it, on the CPU and on a GPU alike."""

from __future__ import annotations

from typing import Literal

import torch

Precision = Literal["bf16-mixed", "32-true"]
TrainerPrecision = Literal["bf16-mixed", "16-mixed", "32-true"]


def has_bfloat16(device: str) -> bool:
    """Tell whether a device computes with bfloat16 itself.

    GPUs do from compute capability 8.0 (Ampere) on; older ones imitate it, slower than float32.

    Parameters
    ----------
    device
        ``cpu`` or ``cuda:N``.
    """
    if not device.startswith("cuda"):
        return True
    return torch.version.hip is not None or torch.cuda.get_device_capability(device)[0] >= 8


def mixed_precision(device: str) -> torch.autocast:
    """Give the context for inference: bfloat16, or float32 where the device has none.

    Never float16: its largest number, 65504, is less than sums over a volume, which networks that normalise
    by what they see compute.
    """
    kind = device.partition(":")[0]
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=has_bfloat16(device))


def trainer_precision(wanted: Precision, device: str) -> TrainerPrecision:
    """Give Lightning's word for a training: on a GPU without bfloat16, float16 with a scaled loss.

    The scaling finds and skips the steps in which a number grew too large; inference has no such net.
    """
    if wanted == "bf16-mixed" and not has_bfloat16(device):
        return "16-mixed"
    return wanted
