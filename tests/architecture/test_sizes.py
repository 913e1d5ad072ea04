"""A function of the product fits on a screen, or says beside its name why it does not."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.unused_code import ROOT, SERVICES

MOST_LINES = 60
REASON = "# long: "


def long_functions(source: str) -> Iterator[str]:
    """Name and length of each function over the limit whose first line gives no reason."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MOST_LINES and REASON not in lines[node.lineno - 1]:
                yield f"{node.name}: {length} lines"


def test_functions_fit_on_a_screen() -> None:
    files = [
        path
        for service in SERVICES
        for path in (ROOT / service).rglob("*.py")
        if not {"node_modules", "migrations"} & set(path.parts)
    ]
    assert len(files) > 300
    found = [f"{path.relative_to(ROOT)}: {each}" for path in files for each in long_functions(path.read_text())]
    assert found == []


def test_a_long_function_is_found_unless_it_says_why() -> None:
    body = "    x = 1\n" * MOST_LINES
    assert list(long_functions(f"def f():\n{body}")) == ["f: 61 lines"]
    assert list(long_functions(f"def f():  # long: a table\n{body}")) == []
