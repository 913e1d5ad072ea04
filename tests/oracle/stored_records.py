"""A record that is stored already, and what the product makes of it when the day is computed again."""

from __future__ import annotations

import json
from datetime import date, datetime
from uuid import UUID

from tenant_stack.attendance.engine_inputs import Period
from tenant_stack.attendance.record_rows import Content, pack
from tenant_stack.attendance.record_settlement import Settlement
from tenant_stack.rules.records import DayRecord
from tenant_stack.tables.attendance import AttendanceRecord

STAFF = UUID(int=1)


def content_of(record: DayRecord) -> Content:
    return pack(str(STAFF), record, "")


def stored(record: DayRecord, state: str, *, manual: bool = False) -> AttendanceRecord:
    """The row of a computed record; ``manual``: somebody set other figures since."""
    content = content_of(record)
    values = json.loads(content.text + "}")
    values |= {name: values[name] and datetime.fromisoformat(values[name]) for name in ("first_in", "last_out")}
    values |= {"staff_id": STAFF, "work_date": date.fromisoformat(values["work_date"])}
    return AttendanceRecord(
        **values,
        id=UUID(int=2),
        state=state,
        manual=manual,
        snapshot=None,
        digest="" if manual else content.digest,
        punches_digest=content.punches_digest,
    )


def settled(row: AttendanceRecord, record: DayRecord | None, locked: Period | None = None) -> Settlement:
    """What is to be written after a day was computed again."""
    settlement = Settlement()
    settlement.settle((STAFF, row.work_date), row, content_of(record) if record else None, locked)
    return settlement
