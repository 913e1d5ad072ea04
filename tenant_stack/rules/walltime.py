"""Wall time and instants. Pure.

Inside the rules an instant is an ``int``: seconds since 1970-01-01T00:00:00Z. Elapsed time is always a difference of
instants, so a night of 23 or 25 hours counts what really passed (29 CFR 785 and the US Department of Labor's advice
on clock changes: actual hours are paid). Wall time is a date and seconds after midnight in a named IANA zone.

Where a wall time happens twice the first is meant unless somebody says otherwise; where it does not exist it is read
with the offset before the change, which shifts it forward by the gap (02:30 becomes 03:30).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = 86400
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

AMBIGUOUS = "ambiguous_local_time"
NON_EXISTENT = "non_existent_local_time"


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone of this name. Raises ``ZoneInfoNotFoundError`` (a ``KeyError``) or ``ValueError``."""
    return ZoneInfo(name)


@lru_cache(maxsize=200_000)
def instant_of(zone: str, ordinal: int, second: int) -> int:
    """The instant of ``second`` seconds of wall time after midnight of a day; may be negative or beyond the day."""
    days, within = divmod(second, DAY)
    wall = datetime.fromordinal(ordinal + days) + timedelta(seconds=within)
    return int(wall.replace(tzinfo=zone_of(zone)).timestamp())


@lru_cache(maxsize=200_000)
def _offset(zone: str, quarter: int) -> int:
    moment = datetime.fromtimestamp(quarter * 900, zone_of(zone))
    offset = moment.utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def offset_at(zone: str, instant: int) -> int:
    """Seconds the zone is ahead of UTC at an instant (zones change on quarter hours since 1973)."""
    return _offset(zone, instant // 900)


def local_ordinal(zone: str, instant: int) -> int:
    """Proleptic ordinal of the local date of an instant."""
    return (instant + _offset(zone, instant // 900)) // DAY + EPOCH_ORDINAL


def local_date(zone: str, instant: int) -> date:
    return date.fromordinal(local_ordinal(zone, instant))


def moment(instant: int) -> datetime:
    """The instant as an aware ``datetime`` in UTC."""
    return datetime.fromtimestamp(instant, UTC)


def epoch(value: datetime) -> int:
    """Whole seconds since 1970 of an aware ``datetime``; a naive one is refused."""
    if value.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return int(value.timestamp())


def wall_text(zone: str, instant: int) -> str:
    """'YYYY-MM-DD HH:MM:SS' in the zone, for people to read."""
    return datetime.fromtimestamp(instant, zone_of(zone)).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a wall time of a clock means: its instant, and the doubt that comes with it ('' when there is none)."""

    instant: int
    doubt: str = ""


def resolve(text: str, zone: str, *, fold: int | None = None, after: int | None = None) -> Reading:
    """Read a device-local wall time 'YYYY-MM-DD HH:MM[:SS]'.

    ``fold`` says which of two equal wall times is meant. Without it the order of the device's stream decides:
    ``after`` is the instant of the record the device wrote just before; when the first reading would run backwards
    the second is taken. With neither the first reading is taken and the doubt is named.
    """
    wall = datetime.fromisoformat(text)
    if wall.tzinfo is not None:
        return Reading(int(wall.timestamp()))
    tz = zone_of(zone)
    first = int(wall.replace(tzinfo=tz, fold=0).timestamp())
    second = int(wall.replace(tzinfo=tz, fold=1).timestamp())
    if first == second:
        return Reading(first)
    if first > second:  # the gap of a spring night: the offset before the change lands later
        return Reading(first, NON_EXISTENT)
    if fold is not None:
        return Reading(second if fold else first, AMBIGUOUS)
    if after is not None and first < after <= second:
        return Reading(second, AMBIGUOUS)
    return Reading(first, AMBIGUOUS)
