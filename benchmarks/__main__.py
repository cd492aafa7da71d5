"""Lists the benchmarks with what each measures: ``python -m benchmarks``; run one by its name."""

from __future__ import annotations

import ast
from pathlib import Path


def main() -> None:
    """Print each file, or folder with a program, and the first line of its docstring."""
    here = Path(__file__).parent
    for path in sorted([*here.glob("[a-z]*.py"), *here.glob("*/__main__.py")]):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        name = path.parent.name if path.name == "__main__.py" else path.name
        print(f"python benchmarks/{name}\n    {said.splitlines()[0]}")


if __name__ == "__main__":
    main()
