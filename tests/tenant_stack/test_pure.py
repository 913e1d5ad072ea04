"""Pure rules as tables: PINs, wall times, addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from foundation.contracts.bridge import Punch
from foundation.database import Database
from tenant_stack.devices.commands.results import in_words
from tenant_stack.devices.syncs import Backoff
from tenant_stack.pins import NORMAL_PIN_SQL, normal_pin
from tenant_stack.punch_lines import RejectedLine, ValidPunch, validate_punch
from tests.tenant_stack.actors import Api

PINS = {"42": "42", "00042": "42", "0": "0", "000": "0", "A7": "A7", "0A7": "0A7", "007-1": "007-1", "٤٢": "٤٢"}
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("raw", "normal"), PINS.items())
def test_a_pin_has_one_form(raw: str, normal: str) -> None:
    assert normal_pin(raw) == normal
    assert normal_pin(f" {raw} ") == normal


async def test_the_database_has_the_same_form(database: Database) -> None:
    async with database.transaction() as session:
        for raw, normal in PINS.items():
            assert (
                await session.scalar(sa.text(f"SELECT {NORMAL_PIN_SQL.format(column=':pin')}"), {"pin": raw}) == normal
            )


def _place(local_time: str, zone: str) -> ValidPunch | RejectedLine:
    return validate_punch(Punch(pin="1", local_time=local_time, status=0, verify=0), ZoneInfo(zone), NOW)


@pytest.mark.parametrize(
    ("local_time", "zone", "instant"),
    [
        ("2026-03-02 08:00:00", "Asia/Dubai", "2026-03-02T04:00:00+00:00"),
        ("2026-03-02 08:00:00", "America/New_York", "2026-03-02T13:00:00+00:00"),
        ("2025-10-26 02:30:00", "Europe/Berlin", "2025-10-26T00:30:00+00:00"),  # repeats: the first pass
        ("2026-03-29 02:30:00", "Europe/Berlin", "2026-03-29T01:30:00+00:00"),  # skipped: the offset before the gap
        ("2026-06-02 15:59:59", "Asia/Dubai", "2026-06-02T11:59:59+00:00"),  # just within a day from now
        ("2000-01-01 00:00:00", "UTC", "2000-01-01T00:00:00+00:00"),
    ],
)
def test_wall_time_and_zone_make_an_instant(local_time: str, zone: str, instant: str) -> None:
    valid = _place(local_time, zone)
    assert isinstance(valid, ValidPunch)
    assert valid.punched_at.isoformat() == instant


@pytest.mark.parametrize(
    "local_time",
    [
        *("1999-12-31 23:59:59", "2026-06-02 16:00:01", "0001-01-01 00:00:00", "9999-12-31 23:59:59"),
        *("2026-06-01T08:00:00", "2026-6-1 08:00:00", "", "yesterday", "2026-06-31 08:00:00", "2026-06-01 08:00+01"),
    ],
)
def test_times_that_cannot_be(local_time: str) -> None:
    assert isinstance(_place(local_time, "Asia/Dubai"), RejectedLine)


@given(st.text(max_size=40), st.sampled_from(["Asia/Dubai", "Pacific/Kiritimati", "America/Anchorage"]))
def test_no_text_breaks_the_reader(text: str, zone: str) -> None:
    assert isinstance(_place(text, zone), ValidPunch | RejectedLine)


async def test_a_pull_clock_needs_an_allowed_address(api: Api) -> None:
    clock = {"device_serial": "P1", "name": "P1", "connection": "pull"}
    for address in (None, "127.0.0.1; touch x", "8.8.8.8", "localhost"):
        problem = await api.post("/api/devices", {**clock, "ip_address": address}, 422)
        assert problem["field"] == "ip_address"
    added = await api.post("/api/devices", {**clock, "ip_address": "127.0.0.1", "port": 4371})
    assert (added["ip_address"], added["port"]) == ("127.0.0.1", 4371)


def test_backoff_stays_within_its_bounds() -> None:
    backoff = Backoff(base=1.0, cap=60.0, attempts=8)
    for attempts in range(1, 30):
        assert all(0 <= backoff.delay(attempts) <= min(60.0, 2.0 ** (attempts - 1)) for _ in range(50))


def test_return_codes_in_words() -> None:
    assert in_words(-1001) == "The clock is full (code -1001)"
    assert in_words(-4711) == "The clock refused (code -4711)"
