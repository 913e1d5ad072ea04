"""Writing a batch: one statement for the records, one for the anomalies, however many there are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import SYSTEM
from tenant_stack.attendance.engine_inputs import Period
from tenant_stack.attendance.record_settlement import Settlement, StaffDay, remaining
from tenant_stack.rules.figures import FIGURES
from tenant_stack.rules.records import Anomaly, PeriodAnomaly
from tenant_stack.tables.base import audited
from tenant_stack.webhook_events import announce

RECORD = "attendance_record"
# Null where there is no schedule.
WITHOUT_SCHEDULE = ("expected_seconds", "balance_seconds")
WEEKLY_KINDS = ("over_week_limit", "over_weekly_schedule")

COLUMNS = {
    "staff_id": "uuid",
    "work_date": "date",
    "zone": "text",
    "first_in": "timestamptz",
    "last_out": "timestamptz",
    "worked_minutes": "integer",
    "status": "text",
    "punch_count": "integer",
    "shifts": "jsonb",
    **{each.name: "integer" for each in FIGURES},
    "pay": "jsonb",
    "premiums": "jsonb",
    "fractions": "jsonb",
    "trace": "jsonb",
    "estimated": "boolean",
    "state": "text",
    "snapshot": "jsonb",
    "digest": "text",
    "punches_digest": "text",
    "terms_digest": "text",
}
_CHANGED = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name not in ("staff_id", "work_date"))

# The names are those of the table above; nothing in these statements comes from outside but the parameters.
WRITE = sa.text(f"""
INSERT INTO attendance_records ({", ".join(COLUMNS)})
SELECT {", ".join(COLUMNS)}
FROM json_to_recordset(CAST(:rows AS json)) AS t({", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())})
ORDER BY staff_id, work_date
ON CONFLICT (staff_id, work_date) DO UPDATE SET {_CHANGED},
    version = attendance_records.version + 1, processed_at = now()
RETURNING id
""")  # noqa: S608 - constants only

REMOVE = sa.text("DELETE FROM attendance_records WHERE id = ANY(CAST(:ids AS uuid[]))")

EMPTY = sa.text(f"""
UPDATE attendance_records r SET
    first_in = NULL, last_out = NULL, worked_minutes = 0, status = 'incomplete', punch_count = 0, shifts = '[]',
    {", ".join(f"{each.name} = {'NULL' if each.name in WITHOUT_SCHEDULE else 0}" for each in FIGURES)},
    pay = '[]', premiums = '[]', fractions = '{{}}', trace = '{{}}', estimated = false, digest = 'empty',
    punches_digest = '', state = e.state, snapshot = e.snapshot, version = version + 1, processed_at = now()
FROM json_to_recordset(CAST(:rows AS json)) AS e(id uuid, state text, snapshot jsonb)
WHERE r.id = e.id
RETURNING r.id
""")  # noqa: S608 - constants only

CONFLICT = sa.text("""
UPDATE attendance_records r SET conflict = true, digest = c.digest, version = version + 1, processed_at = now()
FROM unnest(CAST(:ids AS uuid[]), CAST(:digests AS text[])) AS c(id, digest) WHERE r.id = c.id
""")

# Anomalies of these days that are no longer found go, unless somebody resolved them; the others are written where
# they changed. One that was resolved stays so while it is the same.
ANOMALIES = sa.text("""
WITH found AS (
    SELECT * FROM json_to_recordset(CAST(:rows AS json))
        AS t(staff_id uuid, work_date date, kind text, severity text, state text, text text, seconds integer,
             punches jsonb)
), gone AS (
    DELETE FROM attendance_anomalies a
    USING unnest(CAST(:staff AS uuid[]), CAST(:dates AS date[]), CAST(:weekly AS boolean[]), CAST(:kept AS text[]))
        AS d(staff_id, work_date, weekly, kept)
    WHERE a.staff_id = d.staff_id AND a.work_date = d.work_date AND a.state <> 'resolved'
      AND (a.kind = ANY(CAST(:weekly_kinds AS text[]))) = d.weekly
      AND NOT a.kind = ANY(string_to_array(d.kept, ' '))
)
INSERT INTO attendance_anomalies AS a (staff_id, work_date, kind, severity, state, text, seconds, punches)
SELECT staff_id, work_date, kind, severity, state, text, seconds, punches FROM found
ORDER BY staff_id, work_date, kind
ON CONFLICT (staff_id, work_date, kind) DO UPDATE SET
    severity = excluded.severity, text = excluded.text, seconds = excluded.seconds, punches = excluded.punches,
    state = excluded.state, seen_at = now()
WHERE (a.severity, a.text, a.seconds, a.punches) IS DISTINCT FROM
      (excluded.severity, excluded.text, excluded.seconds, excluded.punches)
   OR (a.state <> 'resolved' AND a.state <> excluded.state)
""")

PAID = sa.text("""
SELECT d.staff_id, d.work_date, d.figures FROM attendance_deltas d
JOIN attendance_periods p ON p.id = d.period_id AND p.state = 'locked'
JOIN unnest(CAST(:staff AS uuid[]), CAST(:dates AS date[])) AS w(staff_id, work_date)
  ON w.staff_id = d.staff_id AND w.work_date = d.work_date
""")

# What is not paid yet is replaced: it may stand in any open period, or in the next one.
UNPAID = sa.text("""
DELETE FROM attendance_deltas d
USING unnest(CAST(:staff AS uuid[]), CAST(:dates AS date[])) AS w(staff_id, work_date)
WHERE w.staff_id = d.staff_id AND w.work_date = d.work_date
  AND NOT EXISTS (SELECT 1 FROM attendance_periods p WHERE p.id = d.period_id AND p.state = 'locked')
""")

DELTAS = sa.text("""
INSERT INTO attendance_deltas (staff_id, work_date, period_id, figures, reason)
SELECT staff_id, work_date, CAST(:period AS uuid), figures, 'historical_correction'
FROM json_to_recordset(CAST(:rows AS json)) AS t(staff_id uuid, work_date date, figures jsonb)
""")


@dataclass(slots=True)
class Doubts:
    """The anomalies found for days that were judged. ``weeks``: first dates of weeks that were judged whole."""

    days: set[StaffDay] = field(default_factory=set)
    weeks: set[StaffDay] = field(default_factory=set)
    found: dict[tuple[UUID, date, str], list[Anomaly]] = field(default_factory=lambda: defaultdict(list))

    def add(self, staff_id: UUID, anomalies: Iterable[Anomaly]) -> None:
        for each in anomalies:
            if (staff_id, each.day) in self.days:
                self.found[staff_id, each.day, each.kind].append(each)

    def add_weekly(self, staff_id: UUID, anomalies: Iterable[PeriodAnomaly]) -> None:
        for each in anomalies:
            scope = self.weeks if each.kind in WEEKLY_KINDS else self.days
            if (staff_id, each.start) in scope:
                plain = Anomaly(each.kind, each.start, each.severity, "active", each.text, each.seconds)
                self.found[staff_id, each.start, each.kind].append(plain)


async def write_records(session: AsyncSession, settlement: Settlement) -> list[UUID]:
    """Write, remove and mark as a batch; returns the ids of the records that are there afterwards and changed."""
    ids: list[UUID] = []
    if settlement.writes:
        rows = ",".join(
            f'{each.content.text},"state":{json.dumps(each.state)},"snapshot":{json.dumps(each.snapshot)},'
            f'"digest":"{each.content.digest}","punches_digest":"{each.content.punches_digest}",'
            f'"terms_digest":"{each.content.terms_digest}"}}'
            for each in settlement.writes
        )
        ids += list(await session.scalars(WRITE, {"rows": f"[{rows}]"}))
    if settlement.removed:
        await session.execute(REMOVE, {"ids": settlement.removed})
    if settlement.emptied:
        emptied = [
            {"id": str(record_id), "state": state, "snapshot": snapshot}
            for record_id, state, snapshot in settlement.emptied
        ]
        ids += list(await session.scalars(EMPTY, {"rows": json.dumps(emptied)}))
    if settlement.conflicts:
        changed = [record_id for record_id, _ in settlement.conflicts]
        await session.execute(CONFLICT, {"ids": changed, "digests": [digest for _, digest in settlement.conflicts]})
        ids += changed
    for line in settlement.trail:
        audited(session, SYSTEM, line.action, RECORD, line.record_id, before=line.before, after=line.after)
    return ids


async def write_anomalies(session: AsyncSession, doubts: Doubts) -> None:
    """Make the anomalies of the judged days and weeks those that were found."""
    scopes = [(*key, False) for key in sorted(doubts.days)] + [(*key, True) for key in sorted(doubts.weeks)]
    if not scopes:
        return
    rows = [_row(staff_id, day, kind, same) for (staff_id, day, kind), same in doubts.found.items()]
    kept: dict[StaffDay, list[str]] = defaultdict(list)
    for staff_id, day, kind in doubts.found:
        kept[staff_id, day].append(kind)
    values = {
        "rows": json.dumps(rows),
        "staff": [scope[0] for scope in scopes],
        "dates": [scope[1] for scope in scopes],
        "weekly": [scope[2] for scope in scopes],
        "kept": [" ".join(kept.get((scope[0], scope[1]), ())) for scope in scopes],
        "weekly_kinds": list(WEEKLY_KINDS),
    }
    await session.execute(ANOMALIES, values)


def _row(staff_id: UUID, day: date, kind: str, same: list[Anomaly]) -> dict[str, object]:
    """Several anomalies of one kind on a day are one row: the largest speaks, all their punches are named."""
    largest = max(same, key=lambda each: (each.state == "active", abs(each.seconds), each.text))
    punches = sorted({punch for each in same for punch in each.punches})
    text = largest.text if len(same) == 1 else f"{largest.text} ({len(same)} times)"
    return {
        "staff_id": str(staff_id),
        "work_date": day.isoformat(),
        "kind": kind,
        "severity": largest.severity,
        "state": largest.state,
        "text": text[:1].upper() + text[1:],
        "seconds": largest.seconds,
        "punches": punches,
    }


async def write_differences(
    session: AsyncSession, differences: Mapping[StaffDay, dict[str, int]], current: Period | None
) -> None:
    """Put what late data changes about locked days into the current period, less what earlier periods have paid."""
    if not differences:
        return
    arrays = _arrays(differences)
    paid: dict[StaffDay, list[dict[str, int]]] = defaultdict(list)
    for staff_id, day, figures in await session.execute(PAID, arrays):
        paid[staff_id, day].append(figures)
    await session.execute(UNPAID, arrays)
    rows: list[dict[str, object]] = [
        {"staff_id": str(key[0]), "work_date": key[1].isoformat(), "figures": left}
        for key, total in sorted(differences.items())
        if (left := remaining(total, paid[key]))
    ]
    if rows:
        values = {"rows": json.dumps(rows), "period": current.id if current else None}
        await session.execute(DELTAS, values)
        for row in rows:
            target = f"{row['staff_id']} {row['work_date']}"
            audited(session, SYSTEM, "attendance.late_data_on_locked_day", "staff_day", target, after=row)
            said = {"staff_id": row["staff_id"], "work_date": row["work_date"], "difference": row["figures"]}
            announce(session, "record.corrected", {**said, "closed": True})


def _arrays(keys: Collection[StaffDay]) -> dict[str, object]:
    return {"staff": [staff for staff, _ in keys], "dates": [day for _, day in keys]}
