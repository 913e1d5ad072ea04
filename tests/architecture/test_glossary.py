"""docs/glossary.md names only tables and files that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = ("control_plane", "tenant_stack", "device_bridge", "foundation", "punctual")
TABLE = re.compile(r'__tablename__ = "(\w+)"')
ROW = re.compile(r"^\| (?!term |-)([^|]+) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def places() -> list[tuple[str, str]]:
    """Each term with each place that its last column names between backticks."""
    page = (ROOT / "docs" / "glossary.md").read_text()
    found = [(row[1], place) for row in ROW.finditer(page) for place in re.findall(r"`([^`]+)`", row[2])]
    assert len(found) > 100
    return found


def test_every_place_in_the_glossary_exists() -> None:
    sources = [file.read_text() for service in SERVICES for file in (ROOT / service).rglob("*.py")]
    tables = {name for source in sources for name in TABLE.findall(source)}
    values = {"origin", "pin_collision"}  # a column and a value, named beside their table
    unknown = [
        f"{term}: {place}"
        for term, place in places()
        if place not in tables | values and not ("/" in place and (ROOT / place).exists())
    ]
    assert unknown == []
