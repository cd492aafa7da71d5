"""Both images: what is in them, and that run strictly they give the bytes that the same code gives outside.

``make test-containers`` runs them (an hour's budget, so not part of ``make test``).
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from bidsapp import __version__
from bidsapp.simulate.sample import write_sample
from tests.containers.engines import OCI, ROOT, inside, run, run_oci, run_sif

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3000)]

LARGEST = 3e9
LEVELS = ["participant", "group"]


def digests(out: Path) -> dict[str, str]:
    """Digest all derivatives; logs, and the times and machine in reports, differ from run to run."""
    files = [path for path in out.rglob("*") if path.is_file() and path.suffix != ".html"]
    names = {path.relative_to(out).as_posix(): path for path in files}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in names.items()
        if not name.startswith("logs/") and name != "dataset_description.json"
    }


@pytest.fixture(scope="module")
def bids(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bids") / "bids"
    write_sample(folder, subjects=["patient01"], voxel_size=3.0)
    return folder


@pytest.fixture(scope="module")
def outside(bids: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("outside")
    subprocess.run([sys.executable, "-m", "bidsapp.cli.main", bids, out, *LEVELS], check=True)
    return digests(out)


def check(out: Path, outside: dict[str, str], how: str) -> None:
    assert (out / "sub-patient01.html").stat().st_size > 10_000
    described = json.loads((out / "dataset_description.json").read_text(encoding="utf-8"))
    generator = described["GeneratedBy"][0]
    assert generator["Container"] == {"Type": how, "Tag": f"bidsapp:{__version__}"}
    within = digests(out)
    assert {name for name in outside | within if outside.get(name) != within.get(name)} == set()


def pinned(text: str) -> dict[str, str]:
    lines = [line.partition("==") for line in text.splitlines() if "==" in line and line[0] != "#"]
    return {canonicalize_name(name): version.split("+")[0] for name, _, version in lines}


def test_the_oci_image_is_below_3_gb_and_says_what_it_is(oci_image):
    size = run(OCI, "image", "inspect", oci_image, "--format", "{{.Size}}").stdout
    assert int(size) < LARGEST
    labels = json.loads(run(OCI, "image", "inspect", oci_image, "--format", "{{json .Config.Labels}}").stdout)
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_the_image_holds_the_locked_versions_and_lists_them(oci_image):
    locked = pinned((ROOT / "requirements.lock").read_text())
    installed = pinned(inside(oci_image, "/opt/bidsapp/bin/pip", "freeze", "--all"))
    assert {name: installed.get(name) for name in locked} == locked
    bill = json.loads(inside(oci_image, "cat", "/opt/bidsapp/sbom.json"))
    listed = {canonicalize_name(item["name"]): item["version"].split("+")[0] for item in bill["components"]}
    assert bill["bomFormat"] == "CycloneDX"
    assert installed.items() <= listed.items()
    assert listed["bidsapp"] == __version__


def test_both_programs_answer_and_torch_is_the_build_without_cuda(oci_image):
    assert inside(oci_image, "bidsapp", "--version").split() == ["bidsapp", __version__]
    assert inside(oci_image, "bidsapp-hpc", "--version").split() == ["bidsapp-hpc", __version__]
    asked = "import torch; print(torch.version.cuda)"
    assert inside(oci_image, "/opt/bidsapp/bin/python", "-c", asked).strip() == "None"


def test_without_network_root_or_writable_root_the_bytes_are_the_same(oci_image, bids, outside, tmp_path):
    tmp_path.chmod(0o777)
    run_oci(oci_image, bids, tmp_path, *LEVELS)
    check(tmp_path, outside, "docker")


def test_under_apptainer_without_home_and_environment_the_bytes_are_the_same(sif, bids, outside, tmp_path):
    assert sif.stat().st_size < LARGEST
    run_sif(sif, bids, tmp_path, *LEVELS)
    check(tmp_path, outside, "apptainer")
