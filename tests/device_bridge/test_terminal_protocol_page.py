"""``docs/protocols.md`` says the truth about the 4370 protocol: its table against the client and the simulator."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import device_bridge.terminal
from device_bridge.simulator.terminal_answers import HANDLERS
from device_bridge.terminal.frames import Command

PAGE = Path(__file__).parents[2] / "docs" / "protocols.md"
ROW = re.compile(r"^\| (\d+)(?:-(\d+))? \| ([^|]+) \| ([^|]+) \| (answered|not answered) \|$", re.MULTILINE)
ANSWERS = {Command.OK, Command.ERROR, Command.UNAUTHORISED, Command.REFUSED_BY_FIRMWARE, Command.UNKNOWN}
BEFORE_TRUST = {Command.CONNECT, Command.AUTHENTICATE}


def rows() -> dict[int, tuple[str, str]]:
    section = PAGE.read_text(encoding="utf-8").partition("## Pull: TCP and UDP 4370")[2].partition("\n## ")[0]
    found: dict[int, tuple[str, str]] = {}
    for first, last, _, bridge, simulator in ROW.findall(section):
        for number in range(int(first), int(last or first) + 1):
            assert number not in found, f"command {number} has two rows"
            found[number] = (bridge.strip(), simulator)
    return found


def sent_by_the_bridge() -> set[int]:
    """The commands that the code of the client names."""
    (folder,) = device_bridge.terminal.__path__
    names = {
        node.attr
        for path in Path(folder).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Command"
    }
    assert len(names) > 20
    return {int(getattr(Command, name)) for name in names} - ANSWERS


def test_what_the_page_calls_supported_is_what_the_bridge_sends() -> None:
    supported = {number for number, (bridge, _) in rows().items() if bridge == "supported"}
    assert supported == sent_by_the_bridge()


def test_every_other_command_has_its_reason() -> None:
    for number, (bridge, _) in rows().items():
        assert bridge == "supported" or re.fullmatch(r"exempt: \S.{10,}", bridge), number


def test_what_the_page_calls_answered_is_what_the_simulator_answers() -> None:
    answered = {number for number, (_, simulator) in rows().items() if simulator == "answered"}
    assert answered == set(HANDLERS) | BEFORE_TRUST
