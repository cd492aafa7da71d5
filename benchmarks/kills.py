"""Kill -9 at random moments, then the same command again: the final bytes equal those of an undisturbed run.

    python benchmarks/kills.py [--kills 10] [--seed 0]

makes a simulated subject and runs it once undisturbed; then, for each moment drawn over the time that took,
starts it in a fresh output folder, kills the whole process tree, gives the same command again and compares.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bidsapp.simulate.sample import write_sample

SUBJECT = "control01"


def start(bids: Path, out: Path) -> subprocess.Popen[bytes]:
    """Start a run in a process group of its own."""
    command = [sys.executable, "-m", "bidsapp.cli.main", str(bids), str(out), "participant"]
    return subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def finish(bids: Path, out: Path) -> float:
    """Run to the end; give the seconds it took."""
    begin = time.monotonic()
    process = start(bids, out)
    _, said = process.communicate()
    if process.returncode:
        sys.exit(f"the run failed with {process.returncode}: {said.decode()}")
    return time.monotonic() - begin


def kill_after(seconds: float, bids: Path, out: Path) -> str:
    """Start a run and kill every process of it; say whether it was still running."""
    process = start(bids, out)
    time.sleep(seconds)
    running = process.poll() is None
    if running:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return "killed" if running else "had finished"


def digests(out: Path) -> dict[str, str]:
    """Digest all derivatives; logs and the times in reports differ from run to run."""
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and path.suffix != ".html"]
    kept = [path for path in files if path.relative_to(out).parts[0] not in {"logs", "work"}]
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def main() -> int:
    """Measure and print; the exit code says whether all bytes were equal."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_sample(root / "bids", subjects=[SUBJECT], voxel_size=3.0)
        usual = finish(root / "bids", root / "undisturbed")
        expected = digests(root / "undisturbed")
        print(f"undisturbed: {usual:.0f} s, {len(expected)} files")
        different = 0
        out = root / "killed"
        for number in range(options.kills):
            moment = chance.uniform(0.5, usual)
            ended = kill_after(moment, root / "bids", out)
            finish(root / "bids", out)
            found = digests(out)
            odd = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
            different += len(odd)
            print(f"{number + 1}: {ended} after {moment:.1f} s; {len(found)} files, {len(odd)} differ {odd}")
            shutil.rmtree(out)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
