"""docs/protocols.md says of the push protocols what the code does: its tables are compared with the code's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from device_bridge.iclock import access_routes, operation_log, renderer, routes, templates, uploads
from device_bridge.iclock.access_parser import NO_PASSES, PASSES
from device_bridge.iclock.capabilities import NOTHING_SAID
from device_bridge.iclock.captures import MESSAGES as CAPTURE_MESSAGES
from device_bridge.iclock.captures import step_of
from device_bridge.iclock.command_texts import text_of_command
from device_bridge.quirks import Family
from foundation.contracts.bridge import Command, CommandKind, Template, TemplateName
from tests.device_bridge import test_pyzk_deviations

PAGE = Path(__file__).parents[2] / "docs" / "protocols.md"
KNOWN_TABLES = {"ATTLOG", "OPERLOG", "RTLOG", "TABLEDATA"}


def rows(first: str) -> list[list[str]]:
    """The cells of the one table whose heading begins with this word, its code marks taken off."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(rf"^\| {re.escape(first)} \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", text, re.M)
    assert len(found) == 1, f"{len(found)} tables begin with {first!r}"
    return [[cell.strip().strip("`") for cell in line.strip("|\n").split("|")] for line in found[0].splitlines()]


def served() -> Iterator[tuple[str, str]]:
    for route in (*routes.router.routes, *access_routes.router.routes):
        if isinstance(route, APIRoute) and "{" not in route.path:
            path = route.path if route.path.startswith("/iclock") else f"/iclock{route.path}"
            yield from ((method, path) for method in route.methods or ())


def test_every_deviation_of_pyzk_has_its_test_and_every_test_its_line() -> None:
    named = [test for *_, test in rows("what pyzk does")]
    found = [name for name in vars(test_pyzk_deviations) if name.startswith("test_")]
    assert named == found


def test_paths() -> None:
    assert {(method, path) for method, path, *_ in rows("method")} == set(served())


def test_tables() -> None:
    said = dict(rows("table"))
    known = uploads.TEMPLATES | uploads.PICTURES | uploads.USERS | uploads.OF_THE_MACHINE | uploads.NOT_KEPT.keys()
    assert set(said) == known | KNOWN_TABLES
    for name, what in said.items():
        kept = name in KNOWN_TABLES | uploads.TEMPLATES | uploads.USERS | {"OPTIONS"}
        assert what.startswith("exempt: ") is not kept, name


def test_lines_of_the_operation_log() -> None:
    said = dict(rows("line of OPERLOG"))
    assert {"FVEIN", *operation_log.PICTURES} < set(said)
    for name, what in said.items():
        parsed = operation_log.parse_operations(f"{name} PIN=7\tFID=0\tType=9\tMajorVer=40\tTMP=AAAA")
        if name == "OPLOG":
            assert parsed.others == 1
        else:
            assert bool(parsed.users or parsed.templates) is not what.startswith("exempt"), name
    assert operation_log.parse_operations("NEW PIN=7").rejected[0].reason == "this kind of line is not known"


def test_types_of_templates() -> None:
    said = {int(number): kept for number, _, kept in rows("type")}
    assert {number for number, kept in said.items() if not kept.startswith("exempt")} == set(templates.BIO_TYPES)
    assert {number for number, kept in said.items() if kept.startswith("exempt")} == set(templates.EXEMPT_TYPES)
    for number, kind in templates.BIO_TYPES.items():
        assert kind.value in said[number]


def test_handshake_options() -> None:
    text = renderer.handshake(renderer.Handshake("S1", 240, 10, 30, 1_000_000))
    answered = [line.split("=")[0] for line in text.splitlines()[1:]]
    assert sorted(name for name, _ in rows("option")) == sorted(answered)


TEMPLATE = Template.model_validate(
    {
        "pin": "7",
        "template_type": "FINGERPRINT",
        "template_index": 1,
        "template_format": "zk/10.0",
        "template_data": "AAAA",
    }
)
NAME = TemplateName(pin="7", template_type=TEMPLATE.template_type, template_index=1)


@pytest.mark.parametrize("column", [1, 2])
def test_commands(column: int) -> None:
    said = {row[0]: row[column] for row in rows("command")}
    assert set(said) == {kind.value for kind in CommandKind}
    for kind in CommandKind:
        queued = Command.model_validate(
            {"id": "1", "kind": kind, "user": {"pin": "7"}, "target": NAME, "template": TEMPLATE}
        )
        text = text_of_command(queued, [Family.ATTENDANCE, Family.ACCESS][column - 1], NOTHING_SAID)
        assert text.startswith(said[kind.value]), kind


def test_codes_of_an_enrolment() -> None:
    said = {int(code): step for code, step in rows("code")}
    assert set(said) == {0, *(code for code in CAPTURE_MESSAGES if code > 0)}
    for code, step in said.items():
        assert step_of("S1", "1", code, datetime(2026, 11, 22, tzinfo=UTC)).step == step


def test_events() -> None:
    said: dict[str, set[int]] = {"a punch": set(), "nobody's punch": set()}
    for codes, what in rows("event codes"):
        first, _, last = codes.partition("-")
        said[what] |= set(range(int(first), int(last or first) + 1))
    assert said["a punch"] == PASSES
    assert said["nobody's punch"] == NO_PASSES


def test_bounds() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"{routes.LARGEST_UPLOAD:,} bytes" in text
    assert renderer.PROTOCOL_VERSION in text
    for word in ("shell", "TimeZone", "5 MB", "exchange"):
        assert word in text
