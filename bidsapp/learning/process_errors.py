"""What ended a training, in this process or in one that it started, as a sentence that a user can act on."""

from __future__ import annotations

import re

from torch.multiprocessing.spawn import ProcessException, ProcessExitedException

from bidsapp import errors
from bidsapp.learning.gpu_memory import is_out_of_memory
from bidsapp.learning.nodes import Node

_OWN = "bidsapp.errors."
_TRACEBACK = "\nTraceback (most recent call last):\n"
_RAISED = re.compile(r"^(?P<kind>[\w.]*Error): (?P<said>.*)", re.MULTILINE)
_SOURCE = re.compile(r"^\[[^\]]*\] ")
_LOST = re.compile(r"\bgloo\b|\bNCCL\b|torch\.distributed\.Dist", re.IGNORECASE)


def foreseen(error: RuntimeError | ProcessException, node: Node) -> errors.BidsAppError | None:
    """Give the error to tell the user, or ``None`` where nobody foresaw this one.

    Of an error in another process only the text of its traceback comes back.

    Parameters
    ----------
    error
        What Lightning's trainer raised.
    node
        This node, among those of the training.
    """
    kind, said = _raised(error)
    if kind.startswith(_OWN):
        own: errors.BidsAppError = getattr(errors, kind.removeprefix(_OWN))(said)
        return own
    if kind == "torch.OutOfMemoryError" or is_out_of_memory(RuntimeError(said)):
        return errors.UnavailableError(
            "The GPU has too little memory for this training; make its examples smaller in the recipe "
            "(crop, pairs), or use --device cpu."
        )
    if node.count > 1 and (_LOST.search(f"{kind}: {said}") or _is_aborted(error)):
        minutes = node.patience.total_seconds() / 60
        return errors.TryAgainError(
            f"Node {node.rank} has lost another of the {node.count} nodes, or not heard of it for "
            f"{minutes:.3g} min ({_cause(said)}); see what the others say, and start the same command again "
            "on all: it goes on from the last checkpoint."
        )
    return None


def _raised(error: Exception) -> tuple[str, str]:
    """Give class and text of an error, or of the last one in the traceback of another process."""
    if isinstance(error, ProcessException):
        found = _RAISED.search(error.msg.rpartition(_TRACEBACK)[2])
        return (found["kind"], found["said"]) if found else ("", error.msg)
    return f"{type(error).__module__}.{type(error).__name__}", str(error)


def _cause(said: str) -> str:
    """Give the first sentence of what a library says, without the line of its code that says it."""
    return _SOURCE.sub("", said.strip()).partition(". ")[0].rstrip(".")


def _is_aborted(error: Exception) -> bool:
    """Tell whether a process ended itself, as NCCL does when it has waited long enough for another one."""
    return isinstance(error, ProcessExitedException) and error.signal_name == "SIGABRT"
