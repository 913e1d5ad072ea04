"""One record and why it is as it is: its trace as sentences and numbers, its doubts, corrections and history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.errors import NotFound
from tenant_stack.attendance.anomalies import anomaly_query, anomaly_view
from tenant_stack.attendance.batch_writes import RECORD
from tenant_stack.attendance.corrections import correction_query, correction_view
from tenant_stack.attendance.record_rows import figures_of, unpack
from tenant_stack.attendance.schemas import HistoryEntry, RecordDetail
from tenant_stack.attendance.service import record_query, record_view
from tenant_stack.rules import trace
from tenant_stack.rules.lifecycle import difference
from tenant_stack.tables.attendance import AttendanceAnomaly, AttendanceCorrection, AttendanceRecord
from tenant_stack.tables.base import AuditEntry

MOST_HISTORY = 100


async def read_detail(session: AsyncSession, record_id: UUID) -> RecordDetail:
    """Everything about one record; `NotFound` when there is none."""
    row = (await session.execute(record_query(traced=True).where(AttendanceRecord.id == record_id))).one_or_none()
    if row is None:
        raise NotFound("record_not_found", "There is no such record (any more)")
    record: AttendanceRecord = row[0]
    plain = unpack(record)
    explained = trace.as_json(plain)
    for step in explained["steps"]:
        step["text"] = trace.sentence(plain.zone, step["rule"], step["numbers"])
    sentences = trace.explain(explained)
    if record.manual:
        sentences.append("The figures were set by hand; the lines above are what the punches say.")
    if record.conflict:
        sentences.append("Punches that came later contradict the figures set by hand.")
    explained["sentences"] = sentences
    approved = cast("Mapping[str, int]", (record.snapshot or {}).get("figures") or {})
    day = (record.staff_id, record.work_date)
    doubts = await session.execute(
        anomaly_query()
        .where(AttendanceAnomaly.staff_id == day[0], AttendanceAnomaly.work_date == day[1])
        .order_by(AttendanceAnomaly.kind)
    )
    corrections = await session.execute(
        correction_query()
        .where(AttendanceCorrection.staff_id == day[0], AttendanceCorrection.work_date == day[1])
        .order_by(AttendanceCorrection.id.desc())
    )
    own = record_view(row).model_dump(exclude={"anomalies"})
    return RecordDetail(
        **own,
        trace=explained,
        anomalies=[anomaly_view(each) for each in doubts],
        corrections=[correction_view(each) for each in corrections],
        history=await _history(session, record_id),
        snapshot=record.snapshot,
        difference=difference(approved, figures_of(plain)) if approved else {},
    )


async def _history(session: AsyncSession, record_id: UUID) -> list[HistoryEntry]:
    entries = await session.scalars(
        sa.select(AuditEntry)
        .where(AuditEntry.target_id == str(record_id), AuditEntry.target_kind == RECORD)
        .order_by(AuditEntry.id.desc())
        .limit(MOST_HISTORY)
    )
    return [
        HistoryEntry(
            at=entry.at,
            by=entry.actor_label,
            action=entry.action,
            note=str(note) if (note := (entry.after or {}).get("note")) else None,
            changes={"before": entry.before, "after": entry.after},
        )
        for entry in entries
    ]
