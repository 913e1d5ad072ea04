"""Submitting, approving, sending back and reopening records, one or thousands at a time."""

from __future__ import annotations

import json

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from foundation.errors import Forbidden
from foundation.sign_in.principal import Principal
from tenant_stack.attendance.batch_writes import RECORD
from tenant_stack.attendance.own_staff import own_staff
from tenant_stack.attendance.record_rows import snapshot_of, unpack
from tenant_stack.attendance.schemas import ApproveAnswer, ApproveRequest, Skipped
from tenant_stack.rules.lifecycle import State, decided
from tenant_stack.rules.validation import RuleProblem
from tenant_stack.tables.attendance import AttendanceRecord
from tenant_stack.tables.base import audited
from tenant_stack.webhook_events import announce

APPROVE = "attendance:approve"

CHANGE = sa.text("""
UPDATE attendance_records r SET state = c.state, snapshot = c.snapshot, version = r.version + 1
FROM json_to_recordset(CAST(:rows AS json)) AS c(id uuid, state text, snapshot jsonb) WHERE r.id = c.id
""")


# Periods that the records just approved lie in and that have no other record left to approve.
COMPLETE = sa.text("""
SELECT p.id, p.starts_on, p.ends_on FROM attendance_periods p
WHERE p.state = 'open'
  AND EXISTS (SELECT 1 FROM attendance_records r WHERE r.id = ANY(CAST(:ids AS uuid[]))
              AND r.work_date BETWEEN p.starts_on AND p.ends_on)
  AND NOT EXISTS (SELECT 1 FROM attendance_records r WHERE r.work_date BETWEEN p.starts_on AND p.ends_on
                  AND r.state NOT IN ('approved', 'locked'))
ORDER BY p.starts_on
""")


async def decide(session: AsyncSession, wanted: ApproveRequest, caller: Principal) -> ApproveAnswer:
    """Carry the action out where it is possible; every record that stays as it is comes back with the reason.

    The rows are locked first, so figures that change meanwhile either are the ones approved or reopen the record.
    """
    if wanted.action != "submit" and not caller.may(APPROVE):
        raise Forbidden("permission_missing", f"This needs the permission {APPROVE}")
    own = await own_staff(session, caller)
    found = await _locked(session, wanted)
    skipped = [
        Skipped(id=each, reason="There is no such record")
        for each in sorted(set(wanted.record_ids or ()) - {record.id for record in found})
    ]
    rows: list[dict[str, object]] = []
    for record in found:
        try:
            state = decided(State(record.state), wanted.action, own=record.staff_id == own)
        except RuleProblem as problem:
            skipped.append(Skipped(id=record.id, reason=problem.reason[:1].upper() + problem.reason[1:]))
            continue
        snapshot = snapshot_of(unpack(record, traced=False)) if state is State.APPROVED else record.snapshot
        rows.append({"id": str(record.id), "state": state.value, "snapshot": snapshot})
        after: dict[str, object] = {"state": state.value, "version": record.version + 1}
        if wanted.note:
            after["note"] = wanted.note
        before: dict[str, object] = {"state": record.state}
        audited(session, caller.actor, f"attendance.{wanted.action}", RECORD, record.id, before=before, after=after)
    if rows:
        await session.execute(CHANGE, {"rows": json.dumps(rows)})
        if wanted.action == "approve":
            for period_id, first, last in await session.execute(COMPLETE, {"ids": [row["id"] for row in rows]}):
                said: dict[str, object] = {"period_id": str(period_id), "from": str(first), "to": str(last)}
                announce(session, "period.approved", {**said, "by": caller.label})
    return ApproveAnswer(changed=len(rows), skipped=skipped)


async def _locked(session: AsyncSession, wanted: ApproveRequest) -> list[AttendanceRecord]:
    query = sa.select(AttendanceRecord).options(defer(AttendanceRecord.trace))
    if wanted.record_ids is not None:
        query = query.where(AttendanceRecord.id.in_(wanted.record_ids))
    else:
        query = query.where(AttendanceRecord.work_date.between(wanted.first, wanted.last))
        if wanted.staff_ids is not None:
            query = query.where(AttendanceRecord.staff_id.in_(wanted.staff_ids))
    # The order in which workers lock records.
    query = query.order_by(AttendanceRecord.staff_id, AttendanceRecord.work_date).with_for_update()
    return list(await session.scalars(query.execution_options(populate_existing=True)))
