"""The check for unused code sees what nothing uses, and only that."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.unused_code import unused_definitions

SOURCE = """
def used(): ...
def forgotten(): ...
class Dropped: ...
@router.get("/")
def page(): used()
"""


def test_a_definition_that_nothing_mentions_is_found(tmp_path: Path) -> None:
    (tmp_path / "foundation").mkdir()
    (tmp_path / "foundation" / "things.py").write_text(SOURCE)
    assert dict(unused_definitions(tmp_path)) == {
        "foundation.things.forgotten": "foundation/things.py:3",
        "foundation.things.Dropped": "foundation/things.py:4",
    }
