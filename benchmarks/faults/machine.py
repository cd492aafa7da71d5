"""What a fault needs of the machine: a mount namespace of its own, a control group with a memory limit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

INSIDE = "BIDSAPP_FAULT_NAMESPACE"
CGROUP_1 = Path("/sys/fs/cgroup/memory")


def enter_namespace() -> None:
    """Start this program again where its mounts are seen by nobody else; do nothing where that is refused."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", "--mount", *user]
    if INSIDE in os.environ:
        return
    if subprocess.run([*command, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        return
    os.environ[INSIDE] = "yes"
    os.execvp("unshare", [*command, sys.executable, *sys.orig_argv[1:]])


def allows(need: str) -> bool:
    """Tell whether this machine allows what a fault needs: ``mounts``, ``cgroup`` or nothing."""
    if need == "mounts":
        return INSIDE in os.environ
    if need == "cgroup":
        return os.access(CGROUP_1, os.W_OK) and (CGROUP_1 / "memory.limit_in_bytes").exists()
    return True


def mount_memory(folder: Path, *, megabytes: int) -> None:
    """Mount an empty file system of a fixed size."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "none", folder], check=True)


def mount_read_only(folder: Path) -> None:
    """Mount a folder over itself, read-only."""
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)


def unmount(folder: Path) -> None:
    """Take the topmost mount of a folder away, even while it is in use."""
    subprocess.run(["umount", "--lazy", folder], check=True)


@dataclass(frozen=True)
class MemoryGroup:
    """A control group (version 1) whose memory is limited later."""

    folder: Path

    @property
    def command(self) -> tuple[str, ...]:
        """Command in front of one that is to run in the group."""
        return ("sh", "-c", f'echo $$ > {self.folder}/cgroup.procs; exec "$@"', "sh")

    def limit(self, spare: int) -> None:
        """Let the group use ``spare`` bytes more than it uses now."""
        used = int((self.folder / "memory.usage_in_bytes").read_text())
        (self.folder / "memory.limit_in_bytes").write_text(str(used + spare))


@contextmanager
def memory_group() -> Iterator[MemoryGroup]:
    """Make a control group; its processes must have ended with the body."""
    folder = CGROUP_1 / f"bidsapp-faults-{os.getpid()}"
    folder.mkdir()
    try:
        yield MemoryGroup(folder)
    finally:
        folder.rmdir()
