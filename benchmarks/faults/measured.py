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
    """Name the commit that is measured; ``-dirty`` when files differ from it, this one and the page apart."""
    made = ("measured.json", "reliability.md")
    head = _git("rev-parse", "--short", "HEAD")
    changed = [name for name in _git("diff", "--name-only", "HEAD").split() if Path(name).name not in made]
    return f"{head}-dirty" if changed else head or "unknown"


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=FILE.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip()
