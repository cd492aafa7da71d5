"""Faults injected into real runs of the program, each with what was promised for it.

A fault is a context manager: it disturbs a run and gives how this ended; on leaving it takes the cause away.
``judge`` holds what was seen against the promise, ``page`` writes ``docs/reliability.md``.
"""
