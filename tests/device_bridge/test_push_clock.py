"""The simulated push clock behaves as one: templates, enrolments, sums and the rest, of every kind of clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.push_clock import PushClock
from device_bridge.simulator.push_profiles import PUSH
from device_bridge.simulator.push_templates import FINGER, PALM, VISIBLE_FACE, captured
from foundation.contracts.bridge import Command, CommandKind, Template, TemplateName, TemplateType
from tests.device_bridge.conftest import Bridge, eventually

LOG = [SimulatedPunch("17", f"2026-11-22 09:00:{second:02d}") for second in range(20)]
FORMATS = {"att-2.4": "zk/10.0", "att-legacy": "zk/9.0", "att-bio": "zk/12.0", "acc-3.1": "zk/10.0"}
PATIENCE = 20.0


@asynccontextmanager
async def running(bridge: Bridge, profile: str = "att-2.4", **more: object) -> AsyncIterator[PushClock]:
    """A clock that knows PIN 17 and a log of twenty punches, all of it acknowledged."""
    bridge.backend.known.add("S1")
    values: dict[str, object] = {"users": [SimulatedUser("17", "Aida")], "log": LOG, "touch_seconds": 0.01}
    clock = PushClock(
        bridge.url,
        "S1",
        profile=profile,
        error_delay=0.05,
        poll_seconds=0.05,
        **{**values, **more},  # type: ignore[arg-type]
    )
    await clock.start()
    try:
        await clock.wait_until_sent(PATIENCE)
        yield clock
    finally:
        await clock.stop()


class Asked:
    """Commands with ids of their own; ``await asked(kind, …)`` is the clock's answer."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._number = 0

    async def __call__(self, kind: CommandKind, **more: object) -> tuple[int, int | None]:
        self._number += 1
        backend, name = self._bridge.backend, str(self._number)
        backend.queue["S1"].append(Command.model_validate({"id": name, "kind": kind, **more}))
        found: Callable[[], list[tuple[int, int | None]]] = lambda: [  # noqa: E731 - asked again and again
            (result.code, result.count) for result in backend.results if result.id == name
        ]
        await eventually(found, PATIENCE)
        return found()[0]


@pytest.fixture
def asked(bridge: Bridge) -> Asked:
    return Asked(bridge)


def name(index: int = 1, kind: TemplateType = TemplateType.FINGERPRINT) -> TemplateName:
    return TemplateName(pin="17", template_type=kind, template_index=index)


@pytest.mark.parametrize("profile", PUSH)
async def test_templates_on_the_clock_arrive_byte_for_byte(bridge: Bridge, profile: str) -> None:
    kinds = [(FINGER, 3), (FINGER, 7)] + ([(VISIBLE_FACE, 0), (PALM, 1)] if PUSH[profile].slots else [])
    held = [each for kind, no in kinds for each in captured(PUSH[profile], "S1", "17", kind, no)]
    async with running(bridge, profile, templates=held):
        came = bridge.backend.templates["S1"]
        assert {each.template_data for each in came.values()} == {each.data for each in held}
        assert came["17", "FINGERPRINT", 3, 0].template_format == FORMATS[profile]
        assert bridge.backend.rejected == []


async def test_a_near_infrared_face_arrives_in_its_parts(bridge: Bridge) -> None:
    held = captured(PUSH["att-legacy"], "S1", "17", 2, 0)
    async with running(bridge, "att-legacy", templates=held):
        came = bridge.backend.templates["S1"]
        assert [came["17", "FACE", 0, part].template_data for part in range(12)] == [each.data for each in held]
        assert came["17", "FACE", 0, 0].template_format == "zk/7.0"


@pytest.mark.parametrize("profile", PUSH)
async def test_a_template_travels_from_one_clock_to_another_of_its_kind(
    bridge: Bridge, asked: Asked, profile: str
) -> None:
    (source,) = captured(PUSH[profile], "OTHER", "17", FINGER, 3)
    template = Template.model_validate(
        {
            "pin": "17",
            "template_type": "FINGERPRINT",
            "template_index": 3,
            "template_format": FORMATS[profile],
            "valid": 3,
            "template_data": source.data,
        }
    )
    async with running(bridge, profile) as clock:
        assert await asked(CommandKind.TEMPLATE_UPDATE, template=template) == (0, None)
        (held,) = clock.templates.of("17", FINGER, 3)
        assert (held.data, held.valid) == (source.data, 3)
        assert await asked(CommandKind.TEMPLATE_QUERY, target=name(3)) == (0, None)
        await eventually(lambda: bridge.backend.templates["S1"], PATIENCE)
        back = bridge.backend.templates["S1"]["17", "FINGERPRINT", 3, 0]
        assert (back.template_data, back.valid, back.template_format) == (source.data, 3, FORMATS[profile])
        assert await asked(CommandKind.TEMPLATE_DELETE, target=name(3)) == (0, None)
        assert clock.templates.of("17") == []
        stranger = template.model_copy(update={"pin": "404"})
        assert await asked(CommandKind.TEMPLATE_UPDATE, template=stranger) == (-10, None), "send the person first"


async def test_a_template_of_another_kind_is_refused_with_the_reason(bridge: Bridge, asked: Asked) -> None:
    values = {"pin": "17", "template_type": "FINGERPRINT", "template_index": 3, "template_data": "AAAABBBB"}
    async with running(bridge, "att-legacy"):
        other = Template.model_validate({**values, "template_format": "zk/10.0"})
        assert (await asked(CommandKind.TEMPLATE_UPDATE, template=other))[0] == -11
    async with running(bridge, "att-2.4"):
        face = Template.model_validate(
            {**values, "template_type": "FACE", "template_index": 0, "template_format": "zk/40.1"}
        )
        assert (await asked(CommandKind.TEMPLATE_UPDATE, template=face))[0] == -1002


@pytest.mark.parametrize("profile", PUSH)
async def test_an_enrolment_at_a_distance(bridge: Bridge, asked: Asked, profile: str) -> None:
    async with running(bridge, profile) as clock:
        assert await asked(CommandKind.ENROLL, target=name(6)) == (0, None)
        assert clock.touches == 3
        await eventually(lambda: ("17", "FINGERPRINT", 6, 0) in bridge.backend.templates["S1"], PATIENCE)
        assert await asked(CommandKind.ENROLL, target=name(6)) == (2, None), "it exists"
        assert await asked(CommandKind.ENROLL, target=name(6), overwrite=True) == (0, None)
        unknown = TemplateName(pin="404", template_type=TemplateType.FINGERPRINT, template_index=1)
        assert await asked(CommandKind.ENROLL, target=unknown) == (-10, None)
        await eventually(lambda: len(bridge.backend.steps) == 8, PATIENCE)
        assert [step.step for step in bridge.backend.steps] == [
            "started", "stored", "started", "failed", "started", "stored", "started", "failed",
        ]  # fmt: skip


async def test_an_enrolment_cancelled_at_the_clock(bridge: Bridge, asked: Asked) -> None:
    async with running(bridge, touch_seconds=0.3) as clock:
        waiting = asyncio.create_task(asked(CommandKind.ENROLL, target=name(6)))
        await eventually(lambda: clock.touches == 1, PATIENCE)
        clock.cancelled = True
        assert await waiting == (6, None)
        await eventually(lambda: len(bridge.backend.steps) == 2, PATIENCE)
        assert bridge.backend.steps[-1].step == "cancelled"
        assert clock.templates.of() == []


async def test_a_face_is_enrolled_where_there_is_a_camera(bridge: Bridge, asked: Asked) -> None:
    face = name(0, TemplateType.FACE)
    async with running(bridge, "att-bio"):
        assert await asked(CommandKind.ENROLL, target=face) == (0, None)
        await eventually(lambda: bridge.backend.templates["S1"], PATIENCE)
        assert bridge.backend.templates["S1"]["17", "FACE", 0, 0].template_format == "zk/40.0"
    async with running(bridge, "att-2.4"):
        assert await asked(CommandKind.ENROLL, target=face) == (-1002, None)


@pytest.mark.parametrize("profile", PUSH)
async def test_the_log_is_counted_and_cleared(bridge: Bridge, asked: Asked, profile: str) -> None:
    async with running(bridge, profile) as clock:
        assert await asked(CommandKind.VERIFY_PUNCHES) == (0, 20)
        if profile != "acc-3.1":
            since, until = "2026-11-22 09:00:05", "2026-11-22 09:00:09"
            assert await asked(CommandKind.VERIFY_PUNCHES, since=since, until=until) == (0, 5)
        assert await asked(CommandKind.CLEAR_LOG) == (0, None)
        assert clock.log == []
        assert await asked(CommandKind.VERIFY_PUNCHES) == (0, 0)
        clock.punch("17", "2026-11-22 10:00:00")
        await clock.wait_until_sent(PATIENCE)
        assert bridge.backend.stored("S1") == 21


@pytest.mark.parametrize("profile", PUSH)
async def test_people_are_asked_for(bridge: Bridge, asked: Asked, profile: str) -> None:
    people = [SimulatedUser(str(number), f"Person {number}") for number in range(1, 4)]
    async with running(bridge, profile, users=people):
        bridge.backend.users["S1"].clear()
        assert (await asked(CommandKind.USER_QUERY, pin="2"))[0] == 0
        await eventually(lambda: list(bridge.backend.users["S1"]) == ["2"], PATIENCE)
        assert (await asked(CommandKind.USER_QUERY))[0] == 0
        await eventually(lambda: len(bridge.backend.users["S1"]) == 3, PATIENCE)


async def test_a_clock_without_its_cable_keeps_everything(bridge: Bridge) -> None:
    async with running(bridge) as clock:
        clock.online = False
        clock.punch("17", "2026-11-22 10:00:00")
        with pytest.raises(TimeoutError, match="cable"):
            await clock.wait_until_sent(0.3)
        clock.reboot()
        clock.online = True
        await clock.wait_until_sent(PATIENCE)
        assert bridge.backend.stored("S1") == 21
        assert clock.handshakes == 2
