"""Fingerprints on pull clocks: read, written with read-back, refused with a reason, deleted, and never shown."""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.terminal_clock import TerminalClock
from device_bridge.simulator.terminal_fingers import SimulatedFinger
from foundation.contracts.bridge import Template, TemplateName, TemplateType, WantedTemplates
from tests.device_bridge.conftest import Bridge, eventually

PATIENCE = 20.0
PEOPLE = [SimulatedUser("1", "Aida", 0, 0, uid=4), SimulatedUser("42", "Bo", 0, 0, uid=9)]


def finger(number: int) -> bytes:
    return bytes((number, 0)) + b"SS21" + bytes(n * (number + 3) % 251 for n in range(1100)) + b"\x01"


def template(number: int, pin: str, index: int, **more: object) -> Template:
    document: dict[str, object] = {
        "id": f"t{number}",
        "pin": pin,
        "template_type": "FINGERPRINT",
        "template_index": index,
        "template_format": "zk/10.0",
        "template_data": base64.b64encode(finger(number)).decode(),
    }
    return Template.model_validate(document | more)


@asynccontextmanager
async def clock_of(
    profile: str = "zk8", fingers: dict[tuple[int, int], SimulatedFinger] | None = None, **more: object
) -> AsyncIterator[TerminalClock]:
    clock = TerminalClock("T1", profile=profile, users=PEOPLE, seed=7, **more)  # type: ignore[arg-type]
    clock.fingers.update(fingers or {})
    await clock.start()
    try:
        yield clock
    finally:
        await clock.stop()


FINGERS = {
    (4, 0): SimulatedFinger(finger(1)),
    (4, 6): SimulatedFinger(finger(2), flag=3),
    (9, 1): SimulatedFinger(finger(3)),
}


@pytest.mark.parametrize(
    ("profile", "name"), [("zk8", "zk/10.0"), ("zk8-1008", "zk/10.0"), ("zk6-udp", "zk/9.0"), ("wl20", "zk/10.0")]
)
async def test_fingers_are_read_and_told(bridge: Bridge, profile: str, name: str) -> None:
    async with clock_of(profile, FINGERS) as clock:
        await bridge.list_terminal("T1", clock.port, read_templates=True)
        await eventually(lambda: len(bridge.backend.templates["T1"]) == 3, PATIENCE)
        found = bridge.backend.templates["T1"]
        duress = found["1", "FINGERPRINT", 6, 0]
        assert (duress.valid, duress.template_format) == (3, name)
        assert base64.b64decode(duress.template_data) == finger(2)
        assert found["42", "FINGERPRINT", 1, 0].valid == 1
        batches, reports = len(bridge.backend.template_batches), len(bridge.backend.reports)
        await eventually(lambda: len(bridge.backend.reports) >= reports + 2, PATIENCE)
        assert len(bridge.backend.template_batches) == batches, "nothing changed, so nothing is read again"
        clock.fingers[9, 5] = SimulatedFinger(finger(4))
        if profile != "wl20":
            await eventually(lambda: len(bridge.backend.templates["T1"]) == 4, PATIENCE)
        assert clock.complaints == []


async def test_fingers_are_not_read_unless_they_are_wanted(bridge: Bridge) -> None:
    async with clock_of(fingers=FINGERS) as clock:
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: bridge.backend.states("T1").count("online") >= 2, PATIENCE)
        assert not bridge.backend.template_batches
        assert bridge.backend.reports[-1].counts["fingers"] == 3


@pytest.mark.parametrize("profile", ["zk8", "zk8-1008", "zk6-udp"])
async def test_fingers_are_written_and_read_back(
    bridge: Bridge, profile: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    own, other = ("zk/9.0", "zk/10.0") if profile == "zk6-udp" else ("zk/10.0", "zk/9.0")
    wanted = [template(n, "42" if n % 2 else "1", n % 10, template_format=own) for n in range(1, 10)]
    wanted.append(template(20, "1", 1, template_format=own, valid=3))
    unfit = [
        template(30, "1", 3, template_format=other),
        template(31, "404", 3, template_format=own),
        template(32, "1", 3, template_format=own, valid=0),
        template(33, "1", 0, template_format="zk/7.0", template_type="FACE"),
    ]
    # One that is there already under another shape, and must be replaced.
    async with clock_of(profile, {(9, 1): SimulatedFinger(finger(99))}) as clock:
        bridge.backend.wanted["T1"] = WantedTemplates(templates=[*wanted, *unfit])
        await bridge.list_terminal("T1", clock.port, templates_due=14)
        await eventually(lambda: not bridge.backend.wanted["T1"].templates, PATIENCE)
        report = bridge.backend.template_reports[0]
        assert sorted(report.written) == sorted(each.id or "" for each in wanted)
        assert set(report.refused) == {"t30", "t31", "t32", "t33"}
        assert own in report.refused["t30"]
        assert other in report.refused["t30"]
        assert "not on the clock" in report.refused["t31"]
        assert "useless" in report.refused["t32"]
        assert "faces" in report.refused["t33"]
        assert clock.fingers[9, 1] == SimulatedFinger(finger(1))
        assert clock.fingers[4, 1] == SimulatedFinger(finger(20), flag=3), "a finger that means duress still does"
        assert len(clock.fingers) == 10
        assert not clock.disabled
        assert clock.users["1"].name == "Aida", "the upload carries the person as they were"
        assert clock.complaints == []
    shown = caplog.text + "".join(capsys.readouterr()) + repr(bridge.backend.reports) + repr(wanted)
    assert "SS21" not in shown
    assert base64.b64encode(finger(1))[:40].decode() not in shown


async def test_a_clock_that_accepts_and_does_not_keep_is_found_out(bridge: Bridge) -> None:

    async with clock_of() as clock:
        # Its algorithm is another one than it says: what it stores is not what it was sent.
        take = clock.fingers.take_upload

        def garble(payload: bytes, users: object, profile: object) -> None:
            take(payload, users, profile)  # type: ignore[arg-type]
            for place, found in list(clock.fingers.items()):
                clock.fingers[place] = SimulatedFinger(found.data[::-1], found.flag)

        clock.fingers.take_upload = garble  # type: ignore[method-assign]
        bridge.backend.wanted["T1"] = WantedTemplates(templates=[template(1, "1", 0)])
        await bridge.list_terminal("T1", clock.port, templates_due=1)
        # The upload brought another template than was sent; written singly it arrives.
        await eventually(lambda: bridge.backend.template_reports, PATIENCE)
        assert bridge.backend.template_reports[0].written == ["t1"]
        assert clock.fingers[4, 0].data == finger(1)


async def test_fingers_are_deleted(bridge: Bridge) -> None:
    gone = [
        TemplateName(pin="1", template_type=TemplateType.FINGERPRINT, template_index=6),
        TemplateName(pin="42", template_type=TemplateType.FINGERPRINT, template_index=8),
        TemplateName(pin="404", template_type=TemplateType.FINGERPRINT, template_index=0),
    ]
    async with clock_of(fingers=FINGERS) as clock:
        bridge.backend.wanted["T1"] = WantedTemplates(templates=[], remove=gone)
        await bridge.list_terminal("T1", clock.port, templates_due=3)
        await eventually(lambda: bridge.backend.template_reports, PATIENCE)
        assert bridge.backend.template_reports[0].removed == gone, "what is not there is gone as well"
        assert set(clock.fingers) == {(4, 0), (9, 1)}


async def test_a_wish_that_comes_later_is_met_at_once(bridge: Bridge) -> None:
    async with clock_of(log=[SimulatedPunch("1", "2026-10-01 08:00:00")]) as clock:
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: "online" in bridge.backend.states("T1"), PATIENCE)
        bridge.backend.wanted["T1"] = WantedTemplates(templates=[template(1, "1", 0)])
        await bridge.list_terminal("T1", clock.port, templates_due=1, stored_punches=1)
        await eventually(lambda: (4, 0) in clock.fingers, PATIENCE)
