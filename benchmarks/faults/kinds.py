"""All faults, in the order of the page."""

from __future__ import annotations

from benchmarks.faults.disks import DISKS
from benchmarks.faults.inputs import INPUTS
from benchmarks.faults.places import PLACES
from benchmarks.faults.processes import PROCESSES
from benchmarks.faults.state import STATE

FAULTS = (*PROCESSES, *DISKS, *STATE, *INPUTS, *PLACES)
