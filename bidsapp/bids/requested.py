"""The ignore pattern that keeps pybids' index small.

pybids walks every folder that its ignore patterns leave, and stores every file. Here a pattern leaves the
requested subjects, the folders that can hold a known modality, and the sidecars above them.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from bidsapp.bids.listing import datatypes, suffixes

IMAGES = (".nii.gz", ".nii")
SIGNALS = "_timeseries.tsv"
"""Tables that stand where an image would: ready signals of regions."""


@dataclass
class Requested:
    """Stands for a compiled pattern in pybids' ``ignore``: ``search`` is true for what is not wanted.

    ``subjects=None`` means all. Sidecars that are dangling links are left out: pybids would fail on them;
    so are those of images that no modality has (``sbref.json``).
    """

    root: Path
    subjects: Collection[str] | None
    sidecars: bool = True
    _folders: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._folders = frozenset(f"sub-{subject}" for subject in self.subjects or ())

    def search(self, path: str) -> bool:
        """Say whether pybids is to leave out ``path``, which starts with ``/`` at the dataset's root."""
        top, *below = path.strip("/").split("/")
        if path.rpartition("/")[2].startswith("."):
            return True
        folder = top.startswith("sub-") and (self.subjects is None or top in self._folders)
        if not below:
            return not folder and not self._is_sidecar(top)
        if not folder:
            return True
        if below[0].startswith("ses-"):
            below = below[1:]
        if not below or (below[0] in datatypes() and len(below) == 1):
            return False
        if below[0] not in datatypes() and len(below) > 1:
            return True
        return not path.endswith((*IMAGES, SIGNALS)) and not self._is_sidecar(path.strip("/"))

    def _is_sidecar(self, path: str) -> bool:
        suffix = path.rpartition("/")[2].removesuffix(".json").rpartition("_")[2]
        known = path.endswith(".json") and suffix in suffixes()
        return self.sidecars and known and os.path.exists(self.root / path)
