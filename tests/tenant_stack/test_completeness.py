"""On the clock, stored, checked: differences are found, read again, and settled or shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from foundation.clock import utc_now
from foundation.contracts.bridge import SyncSummary
from foundation.database import Database
from tenant_stack.devices.completeness import due_checks, judge, next_night, take_full_read
from tests.tenant_stack.actors import SERIAL, Api, Bridge, in_local, punch

DUBAI = 4


@pytest.mark.parametrize(
    ("on_clock", "held", "explained", "before", "capacity", "state", "after"),
    [
        (10, 10, 0, 10, 100, "equal", 0),
        (12, 10, 0, 10, 100, "missing", 0),
        (12, 10, 2, 12, 100, "equal", 2),  # two lines are on the clock twice
        (10, 12, 0, 10, 100, "equal", 0),  # punches that came since the count was taken
        (3, 40, 0, 40, 100, "equal", -37),  # the log was emptied
        (5, 41, -37, 3, 100, "missing", -37),
        (100, 140, 0, 100, 100, "full_ring", 0),
        (0, 0, 0, None, None, "equal", 0),
        (3, 40, 0, None, None, "equal", -37),  # the first word of a clock that we knew before
    ],
)
def test_what_a_difference_means(
    on_clock: int, held: int, explained: int, before: int | None, capacity: int | None, state: str, after: int
) -> None:
    verdict = judge(on_clock, held, explained, before, capacity)
    assert (verdict.state, verdict.explained) == (state, after)


def test_a_night_is_between_two_and_four_at_the_site() -> None:
    for hours in range(48):
        now = utc_now() + timedelta(hours=hours)
        night = next_night("Asia/Dubai", now)
        assert now < night <= now + timedelta(hours=26)
        assert night.hour in (2, 3, 4)


async def _pull_report(bridge: Bridge, **counts: int) -> None:
    report = {"serial": "P1", "state": "online", "at": utc_now().isoformat(), "counts": counts}
    await bridge.call("terminals/seen", report, 204)


async def test_a_pull_clock_with_more_than_we_have_is_read_in_full(
    api: Api, bridge: Bridge, database: Database
) -> None:
    device = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
    path = f"/api/devices/{device['id']}/completeness"
    await bridge.punches(punch("7", "2026-03-02 08:00:00"), serial="P1", source="pull", source_address="127.0.0.1")
    await _pull_report(bridge, punches=1, punch_capacity=100)
    shown = await api.get(path)
    assert (shown["state"], shown["on_clock"], shown["held"]) == ("equal", 1, 1)
    assert shown["verified_at"] is not None

    await _pull_report(bridge, punches=3, punch_capacity=100)
    shown = await api.get(path)
    assert (shown["state"], shown["difference"]) == ("missing", 2)
    syncs = (await api.get(f"/api/devices/{device['id']}/syncs"))["items"]
    assert [(each["kind"], each["state"]) for each in syncs] == [("full", "queued")]

    # The full reading brings every line: one was new, one is on the clock twice.
    await bridge.punches(punch("8", "2026-03-02 08:00:00"), serial="P1", source="pull", source_address="127.0.0.1")
    summary = SyncSummary(
        serial="P1",
        device_records=3,
        received=3,
        stored=1,
        duplicate=2,
        quarantined=0,
        users_read=0,
        users_written=0,
        log_read=True,
    )
    async with database.transaction() as session:
        device_id = await session.scalar(sa.text("SELECT id FROM devices"))
        await take_full_read(session, device_id, summary)
    await _pull_report(bridge, punches=3, punch_capacity=100)
    shown = await api.get(path)
    assert (shown["state"], shown["difference"], shown["explained"]) == ("equal", 0, 1)
    # One more than is explained is missing again.
    await _pull_report(bridge, punches=4, punch_capacity=100)
    assert (await api.get(path))["difference"] == 1


async def test_a_count_that_says_nothing_is_not_a_loss(api: Api, bridge: Bridge) -> None:
    device = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
    await _pull_report(bridge)
    shown = await api.get(f"/api/devices/{device['id']}/completeness")
    assert (shown["state"], shown["on_clock"]) == ("unsaid", None)
    await _pull_report(bridge, punches=100, punch_capacity=100)
    shown = await api.get(f"/api/devices/{device['id']}/completeness")
    assert shown["state"] == "full_ring"
    assert "full" in shown["sentence"]


async def _poll(bridge: Bridge) -> list[dict[str, Any]]:
    lease = {"serial": SERIAL, "source_address": "192.0.2.50", "at": utc_now().isoformat()}
    commands: list[dict[str, Any]] = (await bridge.call("commands/lease", lease))["commands"]
    return commands


async def _answer(bridge: Bridge, command: dict[str, Any], **answer: Any) -> None:
    results = [{"id": command["id"], "code": 0, **answer}]
    document = {"serial": SERIAL, "source_address": "192.0.2.50", "at": utc_now().isoformat(), "results": results}
    await bridge.call("commands/results", document, 204)


async def _check_now(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(sa.text("UPDATE device_completeness SET next_check_at = now() - interval '1 second'"))
        await session.execute(sa.text("UPDATE devices SET approved_at = now() - interval '2 hours'"))
        await session.execute(sa.text("UPDATE devices SET last_seen = last_seen - 'upload'"))
        await due_checks(session)


async def test_a_push_clock_is_asked_for_its_sum_and_read_again(api: Api, bridge: Bridge, database: Database) -> None:
    device = await api.add_device()
    path = f"/api/devices/{device['id']}/completeness"
    assert (await api.get(path))["sentence"] == "Not compared yet"
    recent = in_local(DUBAI).isoformat(sep=" ")
    await bridge.punches(punch("7", "2026-03-02 08:00:00"), punch("7", "2026-03-02 17:00:00"), punch("7", recent))

    await _check_now(database)
    [verify] = await _poll(bridge)
    assert (verify["kind"], verify["since"]) == ("verify_punches", "2000-01-01 00:00:00")
    assert verify["until"] < recent
    await _answer(bridge, verify, count=2)
    shown = await api.get(path)
    # The punch of just now is outside of the closed window.
    assert (shown["state"], shown["on_clock"], shown["held"], shown["method"]) == ("equal", 2, 2, "sum")

    await _check_now(database)
    [verify] = await _poll(bridge)
    await _answer(bridge, verify, count=4)
    shown = await api.get(path)
    assert (shown["state"], shown["difference"]) == ("missing", 2)
    [query] = await _poll(bridge)
    assert (query["kind"], query["until"]) == ("query_punches", verify["until"])
    await bridge.punches(
        punch("7", "2026-03-02 08:00:00"),
        punch("7", "2026-03-02 08:00:00"),
        punch("7", "2026-03-02 17:00:00"),
        punch("9", "2026-03-02 17:00:00"),
    )
    await _answer(bridge, query)

    await _check_now(database)
    [verify] = await _poll(bridge)
    await _answer(bridge, verify, count=4)
    shown = await api.get(path)
    # All four lines of the clock came; one is there twice.
    assert (shown["state"], shown["held"], shown["explained"]) == ("equal", 3, 1)


async def test_a_push_clock_that_cannot_sum_says_so_and_a_loss_stays_visible(
    api: Api, bridge: Bridge, database: Database
) -> None:
    device = await api.add_device()
    path = f"/api/devices/{device['id']}/completeness"
    await bridge.punches(punch("7", "2026-03-02 08:00:00"))
    await _check_now(database)
    [verify] = await _poll(bridge)
    await _answer(bridge, verify, count=5)
    [query] = await _poll(bridge)
    await _answer(bridge, query)
    await _check_now(database)
    [verify] = await _poll(bridge)
    await _answer(bridge, verify, count=5)
    shown = await api.get(path)
    assert (shown["state"], shown["difference"], shown["on_clock"], shown["held"]) == ("missing", 4, 5, 1)
    assert shown["differs_since"] is not None
    assert await _poll(bridge) == []  # not asked for its whole log again at once

    await _check_now(database)
    [verify] = await _poll(bridge)
    await _answer(bridge, verify, code=-1002)
    assert (await api.get(path))["state"] == "unsaid"


async def test_every_line_of_a_clock_is_accounted_for(api: Api, bridge: Bridge) -> None:
    device = await api.add_device()
    good = punch("7", "2026-03-02 08:00:00")
    bad = punch("7", "1999-12-31 08:00:00")
    for _ in range(2):
        await bridge.punches(good, bad, rejected=[{"raw": "%%", "reason": "No fields"}])
    shown = await api.get(f"/api/devices/{device['id']}/completeness")
    assert (shown["received"], shown["stored"], shown["duplicate"], shown["quarantined"]) == (6, 1, 3, 2)
