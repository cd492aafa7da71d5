"""A GPU without enough memory: less at a time, or the CPU; never silently.

Of a batch, each item has its own result: half as many at a time give the same but for rounding. A network
that normalises by what a window holds says something else of a smaller window: there, the CPU does the whole.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from copy import deepcopy
from typing import TypeVar

import torch
from torch import nn

_LOG = logging.getLogger(__name__)
_LIBRARIES = ("CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")

Result = TypeVar("Result")
Network = TypeVar("Network", bound=nn.Module)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Tell whether a GPU had too little memory: torch says so by a class, CUDA's libraries by a text."""
    return isinstance(error, torch.OutOfMemoryError) or any(text in str(error) for text in _LIBRARIES)


def or_on_cpu(look: Callable[[Network, str], Result], network: Network, device: str, *, task: str) -> Result:
    """Call ``look(network, device)``; where the GPU lacks memory, call it with a copy on the CPU.

    Parameters
    ----------
    look
        Runs the network on data that it moves to the device.
    network
        On ``device``; stays there, as it is.
    device
        ``cpu`` or ``cuda:N``.
    task
        What is being done, for the log: "reading lesions".
    """
    try:
        return look(network, device)
    except RuntimeError as error:
        if device == "cpu" or not is_out_of_memory(error):
            raise
    torch.cuda.empty_cache()  # not in the handler: the error's traceback holds tensors
    _LOG.warning("The GPU had too little memory for %s; the CPU did it: the same but for rounding.", task)
    return look(copy_to_cpu(network), "cpu")


def in_smaller_batches(run: Callable[[int], Result], size: int, *, task: str) -> Result:
    """Call ``run(size)``; where the GPU lacks memory, again with half the size, down to 1.

    Parameters
    ----------
    run
        Does the whole in batches of the size that it gets; the result must not depend on it.
    size
        To begin with.
    task
        What is being done, for the log.

    Raises
    ------
    torch.OutOfMemoryError
        One item alone is too large.
    """
    least = size
    while True:
        try:
            result = run(least)
            break
        except RuntimeError as error:
            if least == 1 or not is_out_of_memory(error):
                raise
        torch.cuda.empty_cache()
        least //= 2
    if least < size:
        _LOG.warning(
            "The GPU had too little memory for %s %d at a time; %d did: the same but for rounding.",
            task,
            size,
            least,
        )
    return result


def copy_to_cpu(network: Network) -> Network:
    """Copy a network to the CPU without touching it, and without memory of the GPU."""
    memo: dict[int, object] = {id(value): value.detach().cpu() for value in network.buffers()}
    for value in network.parameters():
        memo[id(value)] = nn.Parameter(value.detach().cpu(), requires_grad=value.requires_grad)
    return deepcopy(network, memo)
