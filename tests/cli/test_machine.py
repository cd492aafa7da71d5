"""Processors and memory are this process's share, as a cluster or a container sets it."""

from __future__ import annotations

import os

import pytest

from bidsapp.cli.machine import memory_gb, processors

TOTAL = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
ALL = len(os.sched_getaffinity(0))


@pytest.fixture
def group(tmp_path):
    """Write the files of a control group and give the arguments that point at them."""

    def write(line, files):
        own = tmp_path / "own"
        own.write_text(f"{line}\n")
        root = tmp_path / "cgroup"
        root.mkdir()
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        return root, own

    return write


def test_a_quota_of_half_a_processor_is_one_processor(group):
    assert processors(*group("0::/job", {"job/cpu.max": "50000 100000"})) == 1


def test_no_quota_leaves_all_processors_of_the_affinity_mask(group):
    assert processors(*group("0::/job", {"job/cpu.max": "max 100000"})) == ALL


def test_a_parent_group_limits_its_children(group):
    limits = {"job/step/memory.max": "max", "job/memory.max": "1000000000"}
    assert memory_gb(*group("0::/job/step", limits)) == 1.0


def test_version_1_of_control_groups_is_understood(group):
    files = {
        "cpu,cpuacct/job/cpu.cfs_quota_us": "100000",
        "cpu,cpuacct/job/cpu.cfs_period_us": "100000",
        "memory/memory.limit_in_bytes": str(2 * 10**9),
    }
    root, own = group("4:cpu,cpuacct:/job", files)
    assert processors(root, own) == 1
    own.write_text("5:memory:/\n")
    assert memory_gb(root, own) == 2.0


def test_a_limit_above_the_machine_does_not_count(group):
    assert memory_gb(*group("0::/", {"memory.max": str(2**62)})) == pytest.approx(TOTAL / 1e9, abs=0.11)


def test_without_control_groups_the_machine_counts(tmp_path):
    assert processors(tmp_path, tmp_path / "none") == ALL
    assert memory_gb(tmp_path, tmp_path / "none") == pytest.approx(TOTAL / 1e9, abs=0.11)
