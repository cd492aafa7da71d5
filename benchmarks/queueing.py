"""Simulates an array of tasks on a cluster: slots, a scheduler, processors and files that are shared."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

UNLIMITED = 1e9  # cores, or MB/s; infinity times no time is no number


@dataclass(frozen=True)
class Cluster:
    """What the tasks run on.

    Attributes
    ----------
    slots
        Tasks that can run at a time, over all nodes.
    cores, others
        Processors in all, fewer than ``slots`` where nodes share them; and other programs that share them.
    dispatch
        Seconds between two starts, all nodes together: what the scheduler needs for one.
    turnover
        Seconds that a slot stays empty between two tasks.
    bandwidth, link
        MB/s of the shared file system in all, and at most for one task.
    """

    slots: int
    cores: float = UNLIMITED
    others: float = 0.0
    dispatch: float = 0.0
    turnover: float = 0.0
    bandwidth: float = UNLIMITED
    link: float = UNLIMITED


@dataclass(frozen=True)
class Outcome:
    """Seconds from the first start to the last end, and the seconds for which slots were taken, summed."""

    makespan: float
    occupied: float


class _Shared:
    """A resource that all clients share evenly, none getting more than ``most``.

    Progress is counted in virtual time, which runs at the rate of one client (Parekh and Gallager 1993): a
    client that needs ``w`` ends when virtual time is ``w`` beyond its arrival, however many come and go.
    """

    def __init__(self, capacity: float, most: float, others: float = 0.0) -> None:
        self._capacity, self._most, self._others = capacity, most, others
        self._clock = self._virtual = 0.0
        self._ends: list[tuple[float, int]] = []

    def _rate(self) -> float:
        return min(self._most, self._capacity / (len(self._ends) + self._others)) if self._ends else 0.0

    def _advance(self, clock: float) -> None:
        self._virtual += self._rate() * (clock - self._clock)
        self._clock = clock

    def add(self, clock: float, task: int, need: float) -> None:
        """Let a task begin to use the resource until it had ``need`` of it."""
        self._advance(clock)
        heapq.heappush(self._ends, (self._virtual + need, task))

    def next_end(self) -> float:
        """Give the moment when a task has had what it needs, if none comes before."""
        if not self._ends:
            return math.inf
        return self._clock + max(self._ends[0][0] - self._virtual, 0.0) / self._rate()

    def pop(self, clock: float) -> int:
        """Take out the task that ends at ``clock``."""
        self._advance(clock)
        return heapq.heappop(self._ends)[1]


def simulate(seconds: Sequence[float], megabytes: Sequence[float], cluster: Cluster) -> Outcome:
    """Run the tasks in their order, each as soon as a slot and the scheduler are free.

    A task moves its files first, at its share of the file system, then computes on its share of the cores.

    Parameters
    ----------
    seconds
        Processor seconds of each task.
    megabytes
        What each task reads and writes.
    cluster
        What they run on.
    """
    files = _Shared(cluster.bandwidth, cluster.link)
    cores = _Shared(cluster.cores, 1.0, cluster.others)
    slots = [0.0] * cluster.slots  # a heap of the moments from which on slots are free
    scheduler = end = occupied = 0.0
    begun, left = 0, len(seconds)
    started = [0.0] * left
    while left:
        waits = begun < len(seconds) and bool(slots)
        starts = max(slots[0], scheduler) if waits else math.inf
        clock = min(starts, files.next_end(), cores.next_end())
        if clock == starts:
            heapq.heappop(slots)
            started[begun] = clock
            files.add(clock, begun, megabytes[begun])
            scheduler = clock + cluster.dispatch
            begun += 1
        elif clock == files.next_end():
            task = files.pop(clock)
            cores.add(clock, task, seconds[task])
        else:
            task = cores.pop(clock)
            occupied += clock - started[task]
            heapq.heappush(slots, clock + cluster.turnover)
            end, left = clock, left - 1
    return Outcome(end, occupied)
