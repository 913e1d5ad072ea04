"""The clocks' 32-bit time: a mixed-radix number in which every month has 31 days. Pure.

``((year mod 100 * 12 + month-1) * 31 + day-1) * 86400 + second of day``. It is naive local time and it is not linear,
so differences of two values mean nothing. Source: fananimi/pyzk, after the vendor's ``EncodeTime``.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime
from functools import lru_cache

from device_bridge.records import LOCAL_TIME_FORMAT

_days_in_month = lru_cache(maxsize=2048)(lambda year, month: monthrange(year, month)[1])


def encode_time(local_text: str) -> int:
    """The 32-bit value of ``YYYY-MM-DD HH:MM:SS``. Raises `ValueError` when the text is no real date."""
    moment = datetime.strptime(local_text, LOCAL_TIME_FORMAT).replace(tzinfo=UTC)
    months = moment.year % 100 * 12 + moment.month - 1
    days = months * 31 + moment.day - 1
    return days * 86400 + moment.hour * 3600 + moment.minute * 60 + moment.second


def decode_time(value: int) -> str | None:
    """The local time as text, `None` when the value is no real date (31 February, a year past 2099)."""
    days, second = divmod(value, 86400)
    months, day = divmod(days, 31)
    year, month = divmod(months, 12)
    year, month, day = year + 2000, month + 1, day + 1
    if year > 2099 or day > _days_in_month(year, month):
        return None
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return f"{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"


def decode_six_bytes(six: bytes) -> str | None:
    """The time of a live event: one byte each of year-2000, month, day, hour, minute, second."""
    year, month, day, hour, minute, second = six
    if year > 99 or not 1 <= month <= 12 or not 1 <= day <= _days_in_month(2000 + year, month):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    return f"{2000 + year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"
