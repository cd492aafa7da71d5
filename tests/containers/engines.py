"""The engines that build and run the images: Docker and Apptainer, or the scripts that stand in for them.

On a machine with neither daemon nor network, ``$BIDSAPP_LAB`` (default ``../shared/lab``) names a folder with
``oci.sh`` (buildah, podman) and ``apptainer.sh``. ``$BIDSAPP_IMAGE`` names an image that is built already.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAB = Path(os.environ.get("BIDSAPP_LAB", ROOT.parent / "shared" / "lab"))
IN_LAB = (LAB / "oci.sh").is_file()
OCI = "podman" if IN_LAB or shutil.which("docker") is None else "docker"
BASE = "docker.io/library/python:3.11-slim-bookworm"
TAG = "bidsapp-test"
STRICT = ["--network", "none", "--read-only", "--cap-drop", "all", "--user", "1234:1234"]


def run(*command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command in the repository; show what it said where it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not check or done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done


def environment() -> dict[str, str]:
    """Give the environment of the engines; the lab's podman has settings of its own."""
    settings = Path(os.environ.get("LAB", Path(tempfile.gettempdir()) / "bidsapp-lab")) / "containers.conf"
    return {**os.environ, **({"CONTAINERS_CONF": str(settings)} if IN_LAB else {})}


def build_oci() -> str:
    """Build the Dockerfile; give the name of the image."""
    if "BIDSAPP_IMAGE" in os.environ:
        return os.environ["BIDSAPP_IMAGE"]
    if IN_LAB:
        run("bash", LAB / "oci.sh", "build", ".", TAG)
    else:
        run(OCI, "build", "--tag", f"localhost/{TAG}", ".")
    return f"localhost/{TAG}"


def run_oci(image: str, bids: Path, out: Path, *words: str) -> None:
    """Run strictly: no network, read-only root, no ``/tmp``, no capabilities, a user without home."""
    strict = [*STRICT, *(["--read-only-tmpfs=false"] if OCI == "podman" else [])]
    run(
        OCI,
        "run",
        "--rm",
        *strict,
        "-v",
        f"{bids}:/bids:ro",
        "-v",
        f"{out}:/out",
        image,
        "/bids",
        "/out",
        *words,
    )


def inside(image: str, program: str, *words: str) -> str:
    """Run a program of the image; give its standard output."""
    return run(OCI, "run", "--rm", *STRICT, "--entrypoint", program, image, *words).stdout


def apptainer() -> list[str]:
    """Give the words that call Apptainer."""
    return ["bash", str(LAB / "apptainer.sh")] if IN_LAB else ["apptainer"]


def build_sif(folder: Path) -> Path:
    """Build ``singularity.def``; give the path of the image."""
    path, options = folder / "bidsapp.sif", list[str]()
    if IN_LAB:
        run(OCI, "save", "-q", "--format", "docker-archive", "-o", folder / "base.tar", BASE)
        options = [
            *_local_wheels(folder / "wheels"),
            "--build-arg", "BOOTSTRAP=docker-archive", "--build-arg", f"BASE={folder / 'base.tar'}",
        ]  # fmt: skip
    run(*apptainer(), "build", "--fakeroot", *options, path, "singularity.def")
    return path


def run_sif(image: Path, bids: Path, out: Path, *words: str) -> None:
    """Run without environment, home, network, or anything of the host but the two folders."""
    alone = ["--cleanenv", "--containall", "--no-home", "--net", "--network", "none"]
    run(*apptainer(), "run", *alone, "-B", f"{bids}:/bids:ro,{out}:/out", image, "/bids", "/out", *words)


def _local_wheels(folder: Path) -> list[str]:
    """Let the build see the folder of wheels that pip's configuration names here, if it names one."""
    asked = run(sys.executable, "-m", "pip", "config", "get", "global.find-links", check=False)
    named = asked.stdout.strip()
    if not named or not Path(named).is_dir():
        return []
    shutil.copytree(named, folder)
    return ["--bind", f"{folder}:{named}:ro"]
