"""What was measured last, kept beside the code so that a part can be measured again and the page redrawn."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bidsapp.files import write_json

FILE = Path(__file__).with_name("measured.json")


def measured() -> dict[str, dict[str, dict[str, Any]]]:
    """Give all that was measured: by part (``faults``, ``kills``) and by name."""
    content: dict[str, dict[str, dict[str, Any]]] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def keep(part: str, name: str, found: Mapping[str, object]) -> None:
    """Keep what was measured under a name, in place of what stood there."""
    content = measured()
    content.setdefault(part, {})[name] = dict(found)
    write_json(FILE, content)


def commit() -> str:
    """Name the commit that is measured; ``-dirty`` when files differ from it."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        cwd=FILE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or "unknown"
