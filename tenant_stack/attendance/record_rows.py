"""A day record as a row of the table, and back. Pure.

The trace is kept as numbers; its sentences are made when somebody asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

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
FRACTIONS = ("present", "absent", "leave", "holiday", "off", "open")
NO_PUNCHES = ""


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
    row: dict[str, object] = {
        "staff_id": staff_id,
        "work_date": record.day.isoformat(),
        "zone": record.zone,
        "first_in": record.first_in and record.first_in.isoformat(),
        "last_out": record.last_out and record.last_out.isoformat(),
        "worked_minutes": record.worked_minutes,
        "status": record.status.value,
        "punch_count": record.punch_count,
        "shifts": record.shifts,
        "presence_seconds": record.presence,
        "worked_seconds": record.worked,
        "break_seconds": record.breaks,
        "deducted_seconds": record.deducted,
        "paid_break_seconds": record.paid_breaks,
        "expected_seconds": record.expected,
        "late_seconds": record.late,
        "early_seconds": record.early,
        "overtime_seconds": record.overtime,
        "balance_seconds": record.balance,
        "pay": [_line(line) for line in record.pay],
        "premiums": [_line(line) for line in record.premiums],
        "fractions": {name: str(part) for name in FRACTIONS if (part := getattr(record.fractions, name))},
        "trace": {
            "rules": trace.rules,
            "stretches": record.stretches,
            "fates": [(fate.punch, fate.at, fate.role, fate.why, fate.shift) for fate in trace.fates],
            "segments": [
                (s.shift, s.why, s.starts, s.ends, s.raw_in, s.raw_out, s.counted_in, s.counted_out)
                for s in trace.segments
            ],
            "steps": [(step.rule, step.seconds, step.numbers) for step in trace.steps],
        },
        "estimated": record.estimated,
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


def figures_of(record: DayRecord | None) -> dict[str, int]:
    """What approval stands on: seconds by name, and parts of the day in hundredths. Nothing for no record."""
    if record is None:
        return {}
    found = {
        "worked": record.worked,
        "presence": record.presence,
        "breaks": record.breaks,
        "deducted": record.deducted,
        "paid_breaks": record.paid_breaks,
        "late": record.late,
        "early": record.early,
        "overtime": record.overtime,
    }
    if record.expected is not None:
        found["expected"] = record.expected
    for line in record.pay:
        found[f"pay_{line.code}"] = found.get(f"pay_{line.code}", 0) + line.seconds
    for line in record.premiums:
        found[f"premium_{line.code}"] = found.get(f"premium_{line.code}", 0) + line.seconds
    for name in FRACTIONS:
        part: Decimal = getattr(record.fractions, name)
        if part:
            found[f"day_{name}"] = int(part * 100)
    return found


def unpack(row: AttendanceRecord, *, traced: bool = True) -> DayRecord:
    """The computed record from its row, without its anomalies (they lie in their own table) and, unless ``traced``,
    without its trace (which is not read where only figures matter)."""
    trace: Mapping[str, Any] = row.trace if traced else {}
    return DayRecord(
        day=row.work_date,
        zone=row.zone,
        status=Status(row.status),
        shifts=tuple(row.shifts),
        first_in=row.first_in,
        last_out=row.last_out,
        presence=row.presence_seconds,
        worked=row.worked_seconds,
        breaks=row.break_seconds,
        deducted=row.deducted_seconds,
        paid_breaks=row.paid_break_seconds,
        expected=row.expected_seconds,
        late=row.late_seconds,
        early=row.early_seconds,
        balance=row.balance_seconds,
        pay=_lines(row.pay),
        overtime=row.overtime_seconds,
        premiums=_lines(row.premiums),
        fractions=Fractions(**{name: Decimal(str(part)) for name, part in row.fractions.items()}),
        punch_count=row.punch_count,
        stretches=int(trace.get("stretches", 0)),
        anomalies=(),
        trace=Trace(
            zone=row.zone,
            rules=str(trace.get("rules", "")),
            fates=tuple(Fate(*each) for each in trace.get("fates", ())),
            segments=tuple(SegmentTrace(*each) for each in trace.get("segments", ())),
            steps=tuple(Step(rule, seconds, tuple(numbers)) for rule, seconds, numbers in trace.get("steps", ())),
        ),
        estimated=row.estimated,
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
