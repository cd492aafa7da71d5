"""Runs of the real program side by side in one output folder, and what their logs say of who did what."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")
_COMPUTED = re.compile(r"^\S+ sub-(\w+): session_wf\.analyse_coma$", re.MULTILINE)
_ENDED = re.compile(r"^\S+ \[\d+/\d+\] sub-(\w+) (?:done|failed): (.*)$", re.MULTILINE)
_KINDS = {
    "report ": "did it",
    "nothing changed": "found it done",
    "another run works on this subject": "left it to another run",
}


def share_of(subjects: Sequence[str], run: int, own: int) -> list[str]:
    """Give the ``own`` subjects of a run, in a ring: run 0 begins with the first, run 1 with the second."""
    return [subjects[(run + place) % len(subjects)] for place in range(own)]


def start(bids: Path, out: Path, labels: Sequence[str], *words: str | Path) -> subprocess.Popen[str]:
    """Start the program on some subjects, one at a time."""
    command = [
        *(sys.executable, "-m", "bidsapp.cli.main", bids, out, "participant", "--nprocs", "1"),
        *("--analysis", "coma", *words, "--participant-label", *labels),
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def times_computed(out: Path) -> dict[str, int]:
    """Count by subject how often its analysis began, over the logs of all runs."""
    counts: defaultdict[str, int] = defaultdict(int)
    for text in _logs(out):
        for subject in _COMPUTED.findall(text):
            counts[subject] += 1
    return dict(counts)


def answers(out: Path) -> dict[str, list[str]]:
    """Give by subject how each run that was to do it ended; a sentence that is none of these as it is."""
    said: defaultdict[str, list[str]] = defaultdict(list)
    for text in _logs(out):
        for subject, sentence in _ENDED.findall(text):
            kind = next((kind for part, kind in _KINDS.items() if part in sentence), sentence)
            said[subject].append(kind)
    return dict(said)


def digests(out: Path) -> dict[str, str]:
    """Digest all derivatives; logs, and the times in reports, differ from run to run."""
    files = [path for path in out.rglob("*") if path.is_file() and path.suffix != ".html"]
    kept = [path for path in files if path.relative_to(out).parts[0] not in {"logs", "work"}]
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def validator_errors(folder: Path) -> list[str]:
    """Give what the BIDS validator holds against a dataset, without its warnings."""
    told = subprocess.run([VALIDATOR, "--json", folder], capture_output=True, text=True, check=False)
    issues = json.loads(told.stdout)["issues"]["issues"]
    return [f"{issue['code']} {issue['location']}" for issue in issues if issue["severity"] == "error"]


def _logs(out: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((out / "logs").glob("bidsapp-*.log"))]
