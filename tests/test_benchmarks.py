"""Benchmarks are run by hand and seldom; that what they take from the package is still there is seen here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


def taken(path: Path) -> Iterator[tuple[str, str]]:
    """Give the names that a file imports from the package or its tests, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"bidsapp", "tests"}:
            yield from ((str(node.module), alias.name) for alias in node.names)


@pytest.mark.parametrize(
    "path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.relative_to(FOLDER).as_posix()
)
def test_what_a_benchmark_imports_is_there(path: Path) -> None:
    missing = [f"{module}.{name}" for module, name in taken(path) if not _is_there(module, name)]
    assert missing == []


def _is_there(module: str, name: str) -> bool:
    if hasattr(import_module(module), name):
        return True
    try:
        import_module(f"{module}.{name}")
    except ModuleNotFoundError:
        return False
    return True
