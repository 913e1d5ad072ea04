"""The rules stay pure: the standard library and each other, no clock, no file, no network."""

from __future__ import annotations

import ast
import sys
from datetime import datetime
from pathlib import Path

import pytest

import tenant_stack.rules as rules
from tenant_stack.rules.duplicates import events_of
from tenant_stack.rules.inputs import Punch

FILES = sorted(Path(rules.__path__[0]).glob("*.py"))
DOORS = frozenset(
    {"os", "io", "socket", "subprocess", "pathlib", "asyncio", "threading", "random", "time", "logging", "uuid"}
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_rule_imports_only_the_standard_library_and_rules(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            top = name.split(".")[0]
            assert name.startswith("tenant_stack.rules") or top in sys.stdlib_module_names, name
            assert top not in DOORS, name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_rule_reads_the_clock(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("now", "utcnow", "today") or (
                isinstance(node.value, ast.Name)
                and node.value.id
                in (
                    "self",
                    "staff",
                )
            )


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        events_of([Punch("1", datetime(2025, 1, 6, 8), "UTC")])  # noqa: DTZ001 - that is the point
