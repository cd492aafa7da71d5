"""What README, changelog, citation and options promise is what the program does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from bidsapp import __version__
from bidsapp.cli.descriptor import MEANINGS
from bidsapp.errors import ExitCode
from bidsapp.settings import Settings

ROOT = Path(__file__).parents[2]
SOURCE = "\n".join(
    path.read_text() for path in (ROOT / "bidsapp").rglob("*.py") if path.name not in {"settings.py"}
)


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_option_has_an_effect(name):
    assert re.search(rf"settings\.{'work_root' if name == 'work_dir' else name}\b", SOURCE)


def test_the_readme_explains_every_exit_code():
    table = re.findall(r"^\| (\d+) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert table == [str(int(code)) for code in ExitCode]


def test_the_descriptor_explains_every_failure():
    assert set(MEANINGS) == set(ExitCode) - {ExitCode.OK}


def test_changelog_and_citation_are_of_this_version():
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text()


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_links_to_files_of_the_project_lead_somewhere(page):
    path = ROOT / page
    links = re.findall(r"\]\(([\w./-]+)\)", path.read_text())
    missing = [link for link in links if not (path.parent / link).exists()]
    assert missing == []
