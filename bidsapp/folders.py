"""Two folders change places as a whole, so that neither a reader nor a kill meets a gap."""

from __future__ import annotations

import ctypes
import os
import secrets
from pathlib import Path

_HERE = -100  # AT_FDCWD of <fcntl.h>: paths are of the current folder
_EXCHANGE = 2  # RENAME_EXCHANGE of <linux/fs.h>


def swap(one: Path, other: Path) -> None:
    """Give each of two folders of one file system the name of the other.

    The kernel does it at once (Linux, ``renameat2``). A file system that cannot, as NFS, needs three renames:
    a kill between them leaves what ``other`` was beside its place, as ``.NAME.*.old``.

    Raises
    ------
    OSError
        The folders cannot be renamed; both are as they were.
    """
    if _swap_at_once(one, other):
        return
    aside = other.with_name(f".{other.name}.{secrets.token_hex(4)}.old")
    os.replace(other, aside)
    try:
        os.replace(one, other)
    except BaseException:
        os.replace(aside, other)
        raise
    os.replace(aside, one)


def _swap_at_once(one: Path, other: Path) -> bool:
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    return renameat2 is not None and renameat2(_HERE, bytes(one), _HERE, bytes(other), _EXCHANGE) == 0
