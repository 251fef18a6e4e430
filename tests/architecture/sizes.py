"""File and function sizes. `python -m tests.architecture.sizes` prints what is too large and fails on it."""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 300
FUNCTION_LINES = 50


def sources() -> list[Path]:
    return sorted(
        path
        for folder in ("broker", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
    )


def functions(path: Path) -> Iterator[tuple[str, int, int]]:
    """(name, first line, number of lines)"""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def too_large() -> list[str]:
    found = []
    for path in sources():
        name = path.relative_to(ROOT)
        lines = len(path.read_text().splitlines())
        if lines > FILE_LINES:
            found.append(f"{name}: {lines} lines, at most {FILE_LINES}")
        found += [
            f"{name}:{line}: {function} has {length} lines, at most {FUNCTION_LINES}"
            for function, line, length in functions(path)
            if length > FUNCTION_LINES
        ]
    return found


def main() -> int:
    lengths = [length for path in sources() if path.is_relative_to(ROOT / "broker") for _, _, length in functions(path)]
    median, longest = statistics.median(lengths), max(lengths)
    print(f"sizes: {len(lengths)} functions in broker, median {median:.0f} lines, longest {longest}")
    problems = too_large()
    print("\n".join(problems), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
