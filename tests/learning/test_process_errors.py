"""An error of another process becomes the sentence that it was, or that of a lost node; none is hidden."""

from __future__ import annotations

import pytest
import torch
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from bidsapp.errors import BadDataError, TryAgainError, UnavailableError
from bidsapp.learning.nodes import ALONE, Node
from bidsapp.learning.process_errors import foreseen

PAIR = Node(rank=1, count=2)
PEER = "RuntimeError: [../gloo/transport/tcp/pair.cc:553] Connection closed by peer [10.0.0.5]:42. Typical."
STORE = (
    "torch.distributed.DistStoreError: Timed out after 601 seconds waiting for clients. 1/2 clients joined."
)
NCCL = """torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:3690, remote process exited
ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely.
Last error:
socketProgress: Connection closed by remote peer"""


def raised(text):
    where = 'Traceback (most recent call last):\n  File "fitting.py", line 1, in fit\n    raise Error: ...\n'
    return ProcessRaisedException(f"\n\n-- Process 0 terminated:\n{where}{text}\n", 0, 4242)


def aborted(name):
    return ProcessExitedException("process 0 terminated", 0, 4242, exit_code=-6, signal_name=name)


def test_a_sentence_of_the_house_comes_back_as_it_was():
    first = "KeyError: 'T1w'\n\nDuring handling ...:\n\nTraceback (most recent call last):\n  File ...\n"
    told = foreseen(raised(f"{first}bidsapp.errors.BadDataError: a.nii.gz: it is empty."), ALONE)
    assert type(told) is BadDataError
    assert str(told) == "a.nii.gz: it is empty."


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("CUDA error: out of memory"),
        raised("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."),
    ],
)
def test_a_gpu_without_memory_is_said_wherever_it_is(error):
    assert "too little memory" in str(foreseen(error, PAIR))
    assert type(foreseen(error, ALONE)) is UnavailableError


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (raised(PEER), "Connection closed by peer [10.0.0.5]:42"),
        (raised(STORE), "Timed out after 601 seconds waiting for clients"),
        (raised(NCCL), "NCCL error in: ProcessGroupNCCL.cpp:3690, remote process exited"),
        (aborted("SIGABRT"), "process 0 terminated"),
    ],
)
def test_a_lost_node_is_said_where_there_are_several(error, cause):
    assert type(foreseen(error, PAIR)) is TryAgainError
    assert f"not heard of it for 10 min ({cause}); see" in str(foreseen(error, PAIR))
    assert foreseen(error, ALONE) is None


@pytest.mark.parametrize("error", [raised("ValueError: bad"), RuntimeError("bad"), aborted("SIGKILL")])
def test_what_nobody_foresaw_stays_what_it_is(error):
    assert foreseen(error, PAIR) is None
