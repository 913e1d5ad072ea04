"""docs/security.md says what is so: its tests exist, no control is without one, every section is judged."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
ROW = re.compile(r"^\| (S\d+|B\d+|V[\d.]+) ?([^|]*)\|(.*)\|$", re.MULTILINE)
ROWS = [(found[1], found[3]) for found in ROW.finditer(PAGE)]


@cache
def names_in(path: str) -> frozenset[str]:
    """Names of the tests in a file below ``tests/``; none where there is no such file."""
    file = ROOT / "tests" / path
    if not file.is_file():
        return frozenset()
    functions = (
        each
        for each in ast.walk(ast.parse(file.read_text()))
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return frozenset(each.name for each in functions)


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 120
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


def test_every_control_is_there_and_has_a_test_or_a_reason() -> None:
    controls = {number: rest for number, rest in ROWS if number[0] in "SB"}
    assert set(controls) == {f"S{n}" for n in range(1, 26)} | {f"B{n}" for n in range(1, 64)}
    bare = [number for number, rest in controls.items() if not NAMED.search(rest) and not re.search(r"gap: \w+", rest)]
    assert bare == []


def test_every_chapter_of_the_checklist_is_judged() -> None:
    sections = {number: rest.split("|") for number, rest in ROWS if number[0] == "V"}
    assert {int(number[1:].split(".")[0]) for number in sections} == set(range(1, 18))
    for number, cells in sections.items():
        state, reason = cells[0].strip(), cells[1].strip()
        assert state in {"met", "not applicable", "gap"}, number
        assert reason, number


def test_the_papers_are_here() -> None:
    for heading in ("Impact assessment", "Consent text", "Retention policy", "Incident response", "## 5. Keys"):
        assert heading in PAGE, heading
