"""Lines in quarantine are listed, taken in again once, or dismissed; the sums stay true."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from foundation.database import Database
from tenant_stack.punch_lines import parse_line
from tests.tenant_stack.actors import Api, Bridge, in_local, punch

PATH = "/api/attendance/quarantine"


def test_a_line_of_text_is_read_with_the_fields_of_a_punch() -> None:
    line = parse_line("00042\t2026-03-02 08:00:00\t1\t15\t9\r\n")
    assert line is not None
    assert (line.pin, line.local_time, line.status, line.verify, line.work_code) == (
        "00042",
        "2026-03-02 08:00:00",
        1,
        15,
        "9",
    )
    assert parse_line("7\t2026-03-02 08:00:00") is not None
    for bad in ("", "7", "\t2026-03-02 08:00:00", "7\tx\tnine", "0a0b0c", "7\tx\t300"):
        assert parse_line(bad) is None, bad


async def _sums(api: Api, device: dict[str, Any]) -> tuple[int, int, int, int]:
    shown = await api.get(f"/api/devices/{device['id']}/completeness")
    assert shown["received"] == shown["stored"] + shown["duplicate"] + shown["quarantined"]
    return shown["received"], shown["stored"], shown["duplicate"], shown["quarantined"]


async def test_what_can_be_read_now_becomes_a_punch_once(api: Api, bridge: Bridge, database: Database) -> None:
    device = await api.add_device()
    person = await api.add_staff("7")
    ahead = in_local(4, days=3).isoformat(sep=" ")
    known = "7\t2026-03-03 08:00:00\t0\t1"
    await bridge.punches(
        punch("7", ahead),
        punch("7", "1999-01-01 08:00:00"),
        punch("7", "2026-03-03 08:00:00"),
        rejected=[
            {"raw": "7\t2026-03-02 17:00:00\t1\t1", "reason": "Not understood"},
            {"raw": known, "reason": "Twice"},
        ],
    )
    assert await _sums(api, device) == (5, 1, 0, 4)
    lines = (await api.get(PATH, state="open"))["items"]
    assert len(lines) == 4
    assert len((await api.get(PATH, q="Not understood"))["items"]) == 1
    assert (await api.get(PATH, device_id=person["id"]))["items"] == []

    # Three days later the punch from the future is one of the past.
    async with database.transaction() as session:
        past = in_local(4, days=-1).isoformat(sep=" ")
        await session.execute(
            sa.text(
                "UPDATE quarantined_lines "
                "SET fields = jsonb_set(fields, '{local_time}', to_jsonb(CAST(:past AS text))) "
                "WHERE fields ->> 'local_time' = :ahead"
            ),
            {"past": past, "ahead": ahead},
        )
    assert await api.post(f"{PATH}/replay", {"all": True}, 200) == {
        "replayed": 3,
        "stored": 2,
        "duplicate": 1,
        "left": 1,
    }
    assert await _sums(api, device) == (5, 3, 1, 1)
    taken = (await api.get("/api/attendance/logs", staff_id=person["id"]))["items"]
    assert sorted(each["local_time"] for each in taken) == ["2026-03-02 17:00:00", "2026-03-03 08:00:00", past]
    [left] = (await api.get(PATH, state="open"))["items"]
    assert left["attempts"] == 1
    assert "before 2000" in left["reason"]
    replayed = (await api.get(PATH, state="replayed"))["items"]
    assert len(replayed) == 3
    assert all(each["settled_by"] for each in replayed)

    # Again, by id this time: nothing is stored twice, and the clock is not taken for being there.
    again = await api.post(f"{PATH}/replay", {"ids": [each["id"] for each in replayed]}, 200)
    assert again == {"replayed": 0, "stored": 0, "duplicate": 0, "left": 0}
    # The clock sends the same lines once more: they are known.
    await bridge.punches(punch("7", past), rejected=[{"raw": known, "reason": "Twice"}])
    assert await _sums(api, device) == (7, 3, 3, 1)


async def test_a_line_is_dismissed_with_a_reason(api: Api, bridge: Bridge) -> None:
    await api.add_device()
    await bridge.punches(punch("7", "1999-01-01 08:00:00"))
    [line] = (await api.get(PATH))["items"]
    assert (await api.post(f"{PATH}/dismiss", {"ids": [line["id"]], "reason": " "}, 422))["field"] == "reason"
    assert await api.post(f"{PATH}/dismiss", {"ids": [line["id"]], "reason": "Battery was flat"}, 200) == {
        "dismissed": 1
    }
    assert await api.post(f"{PATH}/dismiss", {"ids": [line["id"]], "reason": "Again"}, 200) == {"dismissed": 0}
    [shown] = (await api.get(PATH, state="dismissed"))["items"]
    assert (shown["note"], shown["reason"]) == ("Battery was flat", line["reason"])
    assert (await api.post(f"{PATH}/replay", {"all": True}, 200))["left"] == 0
