"""A GPU without enough memory costs time, not results; it is always said; other errors are not touched."""

from __future__ import annotations

import pytest
import torch

from bidsapp.interfaces.gpu import LOGGER
from bidsapp.learning import gpu_memory
from bidsapp.learning.gpu_memory import copy_to_cpu, in_smaller_batches, is_out_of_memory, or_on_cpu

FULL = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be ..."),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
]


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv3d(1, 2, 3), torch.nn.BatchNorm3d(2)).eval()


def test_notes_listen_to_this_log():
    assert gpu_memory._LOG.name == LOGGER


@pytest.mark.parametrize("error", FULL)
def test_the_cpu_goes_on_with_the_same_network_and_it_is_said(caplog, error):
    own, seen = network(), []
    image = torch.rand(1, 1, 6, 6, 6)

    def look(net, where):
        seen.append((where, net))
        if where == "cuda:0":
            raise error
        with torch.inference_mode():
            return net(image)

    result = or_on_cpu(look, own, "cuda:0", task="reading")
    assert [where for where, _ in seen] == ["cuda:0", "cpu"]
    assert torch.equal(result, own(image))
    assert caplog.messages == [
        "The GPU had too little memory for reading; the CPU did it: the same but for rounding."
    ]


def test_any_other_error_is_raised_and_so_is_one_of_the_cpu(caplog):
    def fail(net, where):
        raise RuntimeError("expected scalar type Float")

    def lack(net, where):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(RuntimeError, match="scalar type"):
        or_on_cpu(fail, network(), "cuda:0", task="reading")
    with pytest.raises(torch.OutOfMemoryError):
        or_on_cpu(lack, network(), "cpu", task="reading")
    assert caplog.messages == []
    assert not is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory"))


def test_batches_are_halved_until_they_fit_and_the_result_is_that_of_whole_ones(caplog):
    items, sizes = torch.arange(23.0), []

    def run(size):
        sizes.append(size)
        if size > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return torch.cat([part.square() for part in items.split(size)])

    assert torch.equal(in_smaller_batches(run, 16, task="features"), items.square())
    assert sizes == [16, 8, 4, 2]
    assert caplog.messages == [
        "The GPU had too little memory for features 16 at a time; 2 did: the same but for rounding."
    ]


def test_one_item_that_does_not_fit_is_the_callers_to_handle(caplog):
    def run(size):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        in_smaller_batches(run, 2, task="features")
    assert caplog.messages == []


def test_the_copy_leaves_the_network_as_it_is_and_computes_the_same():
    own = network()
    own[0].requires_grad_(False)
    copy = copy_to_cpu(own)
    image = torch.rand(1, 1, 5, 5, 5)
    assert torch.equal(copy(image), own(image))
    assert not copy.training
    assert [value.requires_grad for value in copy.parameters()] == [False, False, True, True]
    copy[1].running_mean = torch.ones(2)
    assert torch.equal(own[1].running_mean, torch.zeros(2))
