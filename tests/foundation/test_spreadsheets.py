"""No cell of a file is calculated, numbers and telephone numbers stay, and what was meant comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from foundation.spreadsheets import as_meant, harmless

DANGEROUS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\u00a0=1",
    "\uff1d1",
    "-1+cmd|' /C calc'!A0",
    '=HYPERLINK("http://x")',
    "+971 50 123 4567=1",
    "-12.50\n=1",
]


@pytest.mark.parametrize("text", DANGEROUS)
def test_a_formula_is_text(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert as_meant(harmless(text)) == text


@pytest.mark.parametrize("text", ["-12.50", "-3", "12", "+971 50 123-4567", "+1 (555) 010.20", "Ann", "", "'quoted'"])
def test_what_is_none_stays(text: str) -> None:
    assert harmless(text) == text
    assert as_meant(text) == text


def test_there_is_one_place_for_it() -> None:
    """A second neutraliser would drift from this one: nobody else defines a function of this name."""
    root = Path(__file__).parents[2]
    homes = [
        str(path.relative_to(root))
        for service in ("foundation", "control_plane", "tenant_stack")
        for path in (root / service).rglob("*.py")
        if "node_modules" not in path.parts and "def harmless(" in path.read_text()
    ]
    assert homes == ["foundation/spreadsheets.py"]
