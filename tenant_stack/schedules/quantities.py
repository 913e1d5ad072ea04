"""Quantities as people write them in definitions, and the whole seconds that they become.

A field whose name ends in ``_minutes`` is a number of minutes, whole where the seconds are; ``_seconds`` is seconds; a
time of day is text ``HH:MM`` or ``HH:MM:SS``, with hours up to 48 for what lies on the next day. In Python the values
are seconds, under the engine's names.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema

MOST_MINUTES = 100_000
TIME = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?")
LATEST = 48 * 3600


def _seconds_of_minutes(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_MINUTES:
        raise ValueError(f"a number of minutes from 0 to {MOST_MINUTES:,}")
    seconds = round(value * 60)
    if abs(seconds - value * 60) > 0.001:
        raise ValueError("minutes may have a fraction, but only of whole seconds")
    return seconds


def _minutes_of_seconds(seconds: int) -> int | float:
    return seconds // 60 if seconds % 60 == 0 else seconds / 60


def seconds_of_time(value: object) -> int:
    """Seconds after midnight of ``HH:MM`` or ``HH:MM:SS``; `ValueError` for anything else."""
    found = TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a time of day such as 09:00 or 22:30")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if total > LATEST:
        raise ValueError("a time of day, on the next day at the latest: at most 48:00")
    return total


def time_of_seconds(seconds: int) -> str:
    """``HH:MM``, with ``:SS`` only where there are seconds."""
    hours, rest = divmod(seconds, 3600)
    text = f"{hours:02}:{rest // 60:02}"
    return f"{text}:{rest % 60:02}" if rest % 60 else text


Minutes = Annotated[
    int,
    BeforeValidator(_seconds_of_minutes),
    PlainSerializer(_minutes_of_seconds),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": MOST_MINUTES}),
]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
TimeOfDay = Annotated[
    int,
    BeforeValidator(seconds_of_time),
    PlainSerializer(time_of_seconds),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,2}:[0-5]\d(:[0-5]\d)?$", "examples": ["09:00"]}),
]
Hours = tuple[TimeOfDay, TimeOfDay]
MinutePair = tuple[Minutes, Minutes]
Weekday = Annotated[int, Field(ge=0, le=6)]
Weekdays = Annotated[
    frozenset[Weekday],
    Field(min_length=1, description="0 is Monday and 6 Sunday"),
    PlainSerializer(sorted, return_type=list[int]),
]
Rate = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2999, 12, 31))]

# No spaces and no dots, as in other codes.
PayCode = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=24, pattern=r"^[^\s.\x00-\x1f\x7f]+$")
]
