"""A day record as a row of the table, and back. Pure.

The trace is kept as numbers; its sentences are made when somebody asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from tenant_stack.rules.figures import FIGURES
from tenant_stack.rules.records import (
    DayRecord,
    Fate,
    Fractions,
    PayLine,
    SegmentTrace,
    Status,
    Step,
    Trace,
)
from tenant_stack.tables.attendance import AttendanceRecord

encode = json.JSONEncoder(separators=(",", ":")).encode
NO_PUNCHES = ""

# Fields that are the same in a record and in its row.
SAME = ("work_date", "zone", "first_in", "last_out", "punch_count", "estimated", *(each.name for each in FIGURES))
FRACTIONS = tuple(each.name for each in fields(Fractions))
_values = attrgetter(*SAME)
_fractions = attrgetter(*FRACTIONS)
_fate, _segment, _step = (attrgetter(*(each.name for each in fields(kind))) for kind in (Fate, SegmentTrace, Step))


@dataclass(frozen=True, slots=True)
class Content:
    """What was computed for a day. ``text`` is the row as a JSON object without its closing brace; ``terms_digest`` is
    of the configuration it was computed by."""

    record: DayRecord
    text: str
    digest: str
    punches_digest: str
    terms_digest: str


def pack(staff_id: str, record: DayRecord, terms_digest: str) -> Content:
    """The row of a computed record; equal records have equal digests, to the byte."""
    trace = record.trace
    row = dict(zip(SAME, _values(record), strict=True)) | {
        "staff_id": staff_id,
        "work_date": record.work_date.isoformat(),
        "first_in": _text(record.first_in),
        "last_out": _text(record.last_out),
        "worked_minutes": record.worked_minutes,
        "status": record.status.value,
        "shifts": record.shifts,
        "pay": [_line(line) for line in record.pay],
        "premiums": [_line(line) for line in record.premiums],
        "fractions": {name: str(part) for name, part in _parts(record)},
        "trace": {
            "rules": trace.rules,
            "stretches": record.stretches,
            "fates": [_fate(each) for each in trace.fates],
            "segments": [_segment(each) for each in trace.segments],
            "steps": [_step(each) for each in trace.steps],
        },
    }
    text = encode(row)
    doubts = [(a.kind, a.severity, a.state, a.text, a.seconds, a.punches) for a in record.anomalies]
    digest = digest_of(f"{text}{encode(doubts)}") if doubts else digest_of(text)
    return Content(record, text[:-1], digest, punches_digest(fate.punch for fate in trace.fates), terms_digest)


def punches_digest(ids: Iterable[str]) -> str:
    """Of the ids of a day's punches, used or not; empty without punches."""
    ordered = sorted(ids)
    return digest_of("\n".join(ordered)) if ordered else NO_PUNCHES


def digest_of(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _line(line: PayLine) -> dict[str, object]:
    found: dict[str, object] = {"code": line.code, "rate": str(line.rate), "seconds": line.seconds}
    if line.by_date:
        found["by_date"] = [(day.isoformat(), seconds) for day, seconds in line.by_date]
    return found


def _parts(record: DayRecord) -> list[tuple[str, Decimal]]:
    """The parts of the day that are not zero."""
    return [(name, part) for name, part in zip(FRACTIONS, _fractions(record.fractions), strict=True) if part]


def figures_of(record: DayRecord | None) -> dict[str, int]:
    """What approval stands on: seconds by code, and parts of the day in hundredths. Nothing for no record."""
    if record is None:
        return {}
    found = {each.code: getattr(record, each.name) for each in FIGURES if not each.derived}
    if record.expected_seconds is None:
        del found["expected"]
    for kind, lines in (("pay", record.pay), ("premium", record.premiums)):
        for line in lines:
            found[f"{kind}_{line.code}"] = found.get(f"{kind}_{line.code}", 0) + line.seconds
    return found | {f"day_{name}": int(part * 100) for name, part in _parts(record)}


def unpack(row: AttendanceRecord, *, traced: bool = True) -> DayRecord:
    """The computed record from its row, without its anomalies (they lie in their own table) and, unless ``traced``,
    without its trace (which is not read where only figures matter)."""
    trace: Mapping[str, Any] = row.trace if traced else {}
    return DayRecord(
        **{name: getattr(row, name) for name in SAME},
        status=Status(row.status),
        shifts=tuple(row.shifts),
        pay=_lines(row.pay),
        premiums=_lines(row.premiums),
        fractions=Fractions(**{name: Decimal(str(part)) for name, part in row.fractions.items()}),
        stretches=int(trace.get("stretches", 0)),
        anomalies=(),
        trace=Trace(
            zone=row.zone,
            rules=str(trace.get("rules", "")),
            fates=tuple(Fate(*each) for each in trace.get("fates", ())),
            segments=tuple(SegmentTrace(*each) for each in trace.get("segments", ())),
            steps=tuple(Step(rule, seconds, tuple(numbers)) for rule, seconds, numbers in trace.get("steps", ())),
        ),
    )


def _lines(lines: Iterable[Mapping[str, Any]]) -> tuple[PayLine, ...]:
    return tuple(
        PayLine(
            line["code"],
            Decimal(line["rate"]),
            line["seconds"],
            tuple((date.fromisoformat(day), seconds) for day, seconds in line.get("by_date", ())),
        )
        for line in lines
    )


def snapshot_of(record: DayRecord) -> dict[str, object]:
    """What an approval keeps of a record."""
    return {
        "figures": figures_of(record),
        "status": record.status.value,
        "first_in": _text(record.first_in),
        "last_out": _text(record.last_out),
        "worked_minutes": record.worked_minutes,
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
