"""Which of the machines that train together this one is, from what started the program on each of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from lightning.fabric.plugins.environments.lightning import find_free_network_port
from lightning.pytorch.plugins.environments import LightningEnvironment, SLURMEnvironment

from bidsapp.errors import UnavailableError, UsageError

RANK, ADDRESS, PORT = "NODE_RANK", "MASTER_ADDR", "MASTER_PORT"
_STEP = "SLURM_STEP_NODELIST"
_FIRST_PORT, _PORTS = 15000, 10000  # a port for each job, as Lightning counts them


@dataclass(frozen=True)
class Node:
    """One of the nodes of a training; by default the only one.

    Attributes
    ----------
    rank
        From 0; the first node writes, the others only compute.
    count
        Nodes in all.
    address, port
        Where the processes of the first node wait for the others; 0 is any free port.
    patience
        How long a process waits for the others before it takes one of them for lost.
    """

    rank: int = 0
    count: int = 1
    address: str = "127.0.0.1"
    port: int = 0
    patience: timedelta = timedelta(minutes=10)

    @property
    def is_first(self) -> bool:
        """Whether this node writes what the training gives."""
        return self.rank == 0


ALONE = Node()


def this_node(count: int, environment: Mapping[str, str] = os.environ) -> Node:
    """Find out which node this is: ``NODE_RANK``, ``MASTER_ADDR`` and ``MASTER_PORT`` count before Slurm.

    A training on one node asks nobody: many that have nothing to do with each other may be tasks of one step.

    Parameters
    ----------
    count
        Nodes of the recipe.
    environment
        Variables of the process.

    Raises
    ------
    UnavailableError
        Nothing says which node this is, or where the first one is.
    UsageError
        A variable makes no sense, or does not go with ``count``.
    """
    if count == 1:
        return ALONE
    said = {**_say_of_slurm(count, environment), **environment}
    missing = [name for name in (RANK, ADDRESS, PORT) if not said.get(name)]
    if missing:
        raise UnavailableError(
            f"The recipe asks for {count} nodes, but nothing says which one this is and where the first one "
            f"waits (not set: {', '.join(missing)}); start the same command once on each node, with "
            f"srun --nodes={count} --ntasks-per-node=1."
        )
    return Node(_whole(said, RANK, count), count, said[ADDRESS], _whole(said, PORT, 65536))


class NodeEnvironment(LightningEnvironment):  # type: ignore[misc]
    """Tells Lightning's processes of this node where they stand among those of all nodes.

    Parameters
    ----------
    node
        What counts, whatever the environment's variables say.
    """

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._node = node
        self._port = node.port or find_free_network_port()

    @property
    def main_address(self) -> str:
        """Where the first process of all waits for the others."""
        return self._node.address

    @property
    def main_port(self) -> int:
        """The port on which it does."""
        return self._port

    def node_rank(self) -> int:
        """Give the number of the node, from 0."""
        return self._node.rank


def _say_of_slurm(count: int, environment: Mapping[str, str]) -> dict[str, str]:
    """Give what srun says in the words of the usual variables; nothing where those say which node this is."""
    if _STEP not in environment or RANK in environment:
        return {}
    nodes, tasks = environment["SLURM_STEP_NUM_NODES"], environment["SLURM_STEP_NUM_TASKS"]
    if not nodes == tasks == str(count):
        raise UsageError(
            f"The recipe asks for {count} nodes, but this step of srun has --nodes={nodes} --ntasks={tasks}; "
            f"use srun --nodes={count} --ntasks-per-node=1, or set nodes in the recipe."
        )
    return {
        RANK: environment["SLURM_NODEID"],
        ADDRESS: SLURMEnvironment.resolve_root_node_address(environment[_STEP]),
        PORT: str(_FIRST_PORT + int(environment["SLURM_JOB_ID"]) % _PORTS),
    }


def _whole(said: Mapping[str, str], name: str, end: int) -> int:
    if not (said[name].isascii() and said[name].isdecimal() and int(said[name]) < end):
        raise UsageError(f"{name} is '{said[name]}'; it must be a whole number from 0 to {end - 1}.")
    return int(said[name])
