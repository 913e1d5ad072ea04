"""Time: aware instants inside, IANA zones at the edges.

A device's wall time is text until it is joined with the zone of its site; `instant_of` is the one place that does it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from foundation.errors import Invalid

LOCAL_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


def utc_now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name; `Invalid` when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid("unknown_zone", f"{name!r} is not an IANA time zone such as Asia/Dubai", field="zone") from error


def instant_of(local_text: str, zone_name: str, *, fold: int = 0) -> datetime:
    """The UTC instant of device-local text ``YYYY-MM-DD HH:MM:SS`` in a zone.

    In the hour that repeats at the end of summer time, ``fold`` picks the first (0) or second (1) pass. A wall time
    that the zone skips is read with the offset before the gap, as PEP 495 says, so it stays in order.
    Raises `ValueError` when the text is no real date.
    """
    naive = datetime.strptime(local_text, LOCAL_TIME_FORMAT)  # noqa: DTZ007 - the next line gives it its zone
    return naive.replace(tzinfo=zone(zone_name), fold=fold).astimezone(UTC)


def offset_minutes(zone_name: str, at: datetime | None = None) -> int:
    """Minutes that the zone is ahead of UTC at an instant (now, when none is given)."""
    moment = (at or utc_now()).astimezone(zone(zone_name))
    offset = moment.utcoffset()
    assert offset is not None
    return int(offset.total_seconds() // 60)


def local_text(at: datetime, zone_name: str) -> str:
    """The wall time of an instant in a zone, in the clocks' text form."""
    return at.astimezone(zone(zone_name)).strftime(LOCAL_TIME_FORMAT)
