"""Both images: built from their recipes, run strictly, and giving the bytes that the same code gives outside.

``make test-containers`` runs them (an hour's budget, so not part of ``make test``). They need the scripts of
``$BIDSAPP_LAB`` (default ``../shared/lab``): ``oci.sh`` (buildah, podman) and ``apptainer.sh``.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bidsapp.simulate.sample import write_sample

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3000)]

ROOT = Path(__file__).resolve().parents[2]
LAB = Path(os.environ.get("BIDSAPP_LAB", ROOT.parent / "shared" / "lab"))
BASE = "docker.io/library/python:3.11-slim-bookworm"
LARGEST = 3e9
LEVELS = ["participant", "group"]


def lab(script, *arguments):
    command = ["bash", str(LAB / script), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def local_wheels(folder):
    """Let the build see the folder of wheels that pip's configuration names here, if it names one."""
    named = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.find-links"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    if not Path(named).is_dir() or not named:
        return []
    shutil.copytree(named, folder)
    return ["--bind", f"{folder}:{named}:ro"]


def digests(out):
    """Digest all derivatives; logs, and the times and machine in reports, differ from run to run."""
    files = [path for path in out.rglob("*") if path.is_file() and path.suffix != ".html"]
    names = {path.relative_to(out).as_posix(): path for path in files}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in names.items()
        if not name.startswith("logs/") and name != "dataset_description.json"
    }


@pytest.fixture(scope="module")
def bids(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bids") / "bids"
    write_sample(folder, subjects=["patient01"], voxel_size=3.0)
    return folder


@pytest.fixture(scope="module")
def outside(bids, tmp_path_factory):
    out = tmp_path_factory.mktemp("outside")
    subprocess.run([sys.executable, "-m", "bidsapp.cli.main", bids, out, *LEVELS], check=True)
    return digests(out)


@pytest.fixture(scope="module")
def oci_image():
    lab("oci.sh", "build", ".", "bidsapp-test")
    return "bidsapp-test"


@pytest.fixture(scope="module")
def sif(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sif")
    path, base = folder / "bidsapp.sif", folder / "base.tar"
    subprocess.run(["podman", "save", "-q", "--format", "docker-archive", "-o", base, BASE], check=True)
    lab(
        "apptainer.sh", "build", "--fakeroot", *local_wheels(folder / "wheels"),
        "--build-arg", "BOOTSTRAP=docker-archive", "--build-arg", f"BASE={base}",
        path, "singularity.def",
    )  # fmt: skip
    return path


def check(out, outside, how):
    assert (out / "sub-patient01.html").stat().st_size > 10_000
    described = json.loads((out / "dataset_description.json").read_text(encoding="utf-8"))
    assert how in json.dumps(described["GeneratedBy"])
    inside = digests(out)
    assert {name for name in outside | inside if outside.get(name) != inside.get(name)} == set()


def test_the_oci_image_is_below_3_gb(oci_image):
    listing = subprocess.run(
        ["podman", "image", "inspect", f"localhost/{oci_image}", "--format", "{{.Size}}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(listing.stdout) < LARGEST


def test_without_network_root_or_writable_root_the_bytes_are_the_same(oci_image, bids, outside, tmp_path):
    tmp_path.chmod(0o777)
    lab("oci.sh", "run", oci_image, bids, tmp_path, *LEVELS)
    check(tmp_path, outside, "docker")


def test_under_apptainer_without_home_and_environment_the_bytes_are_the_same(sif, bids, outside, tmp_path):
    assert sif.stat().st_size < LARGEST
    lab(
        "apptainer.sh", "run", "--cleanenv", "--containall", "--no-home", "--net", "--network", "none",
        "-B", f"{bids}:/bids:ro,{tmp_path}:/out", sif, "/bids", "/out", *LEVELS,
    )  # fmt: skip
    check(tmp_path, outside, "apptainer")
