"""Dockerfile, singularity.def and the lock say one thing: versions, files, steps."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from bidsapp import __version__

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
DEFINITION = (ROOT / "singularity.def").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DEPENDENCIES = PROJECT["project"]["dependencies"]
STEPS = (ROOT / "install.sh").read_text()


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def copied() -> set[str]:
    sources = re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    return {name for line in sources for name in line.split()}


def test_both_recipes_are_of_this_version():
    assert f"ARG VERSION={__version__}\n" in DOCKERFILE
    assert f"    VERSION={__version__}\n" in DEFINITION
    assert DEFINITION.count(__version__) == 1


def test_both_recipes_take_the_same_files_and_the_context_holds_them():
    files = re.search(r"%files\n(.+?)\n\n", DEFINITION, re.DOTALL)
    assert files is not None
    assert {line.split()[0] for line in files[1].splitlines()} == copied()
    admitted = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    assert admitted == copied()


def test_both_recipes_do_all_steps_in_one_order():
    steps = ["torch", "packages", "wheel", "program", "sbom"]
    in_docker = list(dict.fromkeys(re.findall(r"sh /src/install\.sh (\w+)", DOCKERFILE)))
    loop = re.search(r"for step in (.+?);", DEFINITION)
    assert loop is not None
    assert in_docker == steps
    assert [word for word in re.findall(r"\w+", loop[1]) if word in steps][:2] == steps[:2]
    assert re.findall(r'"(\w+) /wheel"', loop[1]) == steps[2:]


@pytest.mark.parametrize("line", DEPENDENCIES)
def test_the_lock_holds_a_version_that_each_dependency_admits(line):
    wanted = Requirement(line)
    assert Version(locked()[canonicalize_name(wanted.name)]) in wanted.specifier


def test_the_lock_names_versions_and_no_place():
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"://|@|--|\+", text)
    assert len(locked()) > len(DEPENDENCIES)


def test_a_wrong_device_is_refused_before_anything_is_installed():
    environment = {"PATH": os.environ["PATH"], "DEVICE": "tpu"}
    done = subprocess.run(
        ["sh", ROOT / "install.sh", "torch"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 64
    assert "cpu or cuda" in done.stderr


def test_the_tool_that_builds_the_program_is_one_version_that_the_project_admits():
    wanted = Requirement(PROJECT["build-system"]["requires"][0])
    pinned = re.findall(rf"install --quiet {wanted.name}==(\S+)$", STEPS, re.MULTILINE)
    assert [Version(version) in wanted.specifier for version in pinned] == [True]


def test_the_date_of_a_commit_makes_no_new_layer_of_packages():
    stages = DOCKERFILE.split("\nFROM ")[1:]
    assert ["ARG SOURCE_DATE_EPOCH\n" in stage for stage in stages] == [False, True, True]


@pytest.mark.parametrize(("given", "seconds"), [("1700000000", 1700000000), ("", 1580601600)])
def test_what_a_step_writes_has_the_one_date_and_what_was_there_keeps_its_own(given, seconds, tmp_path):
    wheels, programs = tmp_path / "wheel", tmp_path / "bin"
    for folder in (wheels, programs):
        folder.mkdir()
    (wheels / "before").touch()
    os.utime(wheels / "before", (1, 1))
    (programs / "pip").write_text(f"#!/bin/sh\ntouch {wheels}/bidsapp.whl\nln -sf before {wheels}/link\n")
    (programs / "pip").chmod(0o755)
    (programs / "python3").write_text(f'#!/bin/sh\nmkdir -p "$3/bin"\ncp {programs}/pip "$3/bin"\n')
    (programs / "python3").chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "SOURCE_DATE_EPOCH": given}
    subprocess.run(["sh", ROOT / "install.sh", "wheel", wheels], env=environment, check=True)
    dates = {path.name: path.lstat().st_mtime for path in wheels.iterdir()}
    assert dates == {"before": 1, "bidsapp.whl": seconds, "link": seconds}
