"""Lists the benchmarks with what each measures: ``python -m benchmarks``; run one by its file name."""

from __future__ import annotations

import ast
from pathlib import Path


def main() -> None:
    """Print each file and the first line of its docstring."""
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        print(f"python benchmarks/{path.name}\n    {said.splitlines()[0]}")


if __name__ == "__main__":
    main()
