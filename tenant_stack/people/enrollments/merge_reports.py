"""A clock has said how it holds people whom we know: confirm, merge what was changed there, or ask a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import server_now
from tenant_stack.people.enrollments.clock_person import Facts, alike, our_facts, shows
from tenant_stack.people.enrollments.person_merge import Merge, differing, merge
from tenant_stack.people.enrollments.status import refresh_status
from tenant_stack.tables.base import audited
from tenant_stack.tables.conflicts import ConflictRow
from tenant_stack.tables.staff import Staff

KNOWN = sa.text("""
SELECT e.id, e.pin, e.staff_id, e.status, e.by_hand, e.by_group, e.privilege, e.agreed, e.seen, e.sent, e.written_at,
       s.name, s.card_number, s.badge_number, s.active, s.clock_facts_at, d.device_serial,
       EXISTS (SELECT 1 FROM conflicts c WHERE c.enrollment_id = e.id AND c.resolved_at IS NULL) AS contested
FROM device_enrollments e JOIN staff s ON s.id = e.staff_id JOIN devices d ON d.id = e.device_id
WHERE e.device_id = :device AND e.pin = ANY(CAST(:pins AS text[]))
ORDER BY e.staff_id, e.id
""")
SETTLE = sa.text("""
UPDATE device_enrollments e SET
    status = t.status, message = t.message, agreed = CAST(t.agreed AS jsonb), seen = CAST(t.seen AS jsonb),
    privilege = t.privilege, written_at = CASE WHEN t.status = 'pending' THEN e.written_at END,
    facts_at = CASE WHEN t.again THEN NULL ELSE e.facts_at END,
    retry_at = CASE WHEN e.status = t.status THEN e.retry_at END
FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:messages AS text[]), CAST(:agreed AS text[]),
            CAST(:seen AS text[]), CAST(:privileges AS integer[]), CAST(:again AS boolean[]))
     AS t(id, status, message, agreed, seen, privilege, again)
WHERE e.id = t.id
""")
COLLISION = "One number, two names: a person has to say whether these are one and the same"


@dataclass(frozen=True, slots=True)
class Report:
    """What a clock said of a number (in normal form)."""

    pin: str
    theirs: Facts


@dataclass(slots=True)
class Outcome:
    """What becomes of an enrolment; ``again``: the planner shall look at it once more."""

    id: UUID
    status: str
    agreed: Facts | None
    seen: Facts
    privilege: int
    message: str = ""
    again: bool = False


async def settle_reports(
    session: AsyncSession, device_id: UUID, reports: Sequence[Report], received_at: datetime
) -> bool:
    """Compare with ours and settle; the enrolments are locked by the caller. True when other clocks have to follow."""
    said = {report.pin: report.theirs for report in reports}
    if not said:
        return False
    rows = list(await session.execute(KNOWN, {"device": device_id, "pins": sorted(said)}))
    outcomes: list[Outcome] = []
    for row in rows:
        theirs = said[row.pin]
        outcome = _quiet(row, theirs)
        if outcome is None:
            outcome = await _loud(session, device_id, row, theirs, received_at)
        outcomes.append(outcome)
    await session.execute(
        SETTLE,
        {
            "ids": [each.id for each in outcomes],
            "states": [each.status for each in outcomes],
            "messages": [each.message for each in outcomes],
            "agreed": [json.dumps(each.agreed.as_json()) if each.agreed else None for each in outcomes],
            "seen": [json.dumps(each.seen.as_json()) for each in outcomes],
            "privileges": [each.privilege for each in outcomes],
            "again": [each.again for each in outcomes],
        },
    )
    await refresh_status(session, [row.staff_id for row in rows])
    return any(each.again for each in outcomes)


def _quiet(row: Any, theirs: Facts) -> Outcome | None:
    """The outcome when nobody's change is at stake; None when a merge or a question is due."""
    ours = our_facts(row.name, row.card_number, row.badge_number, row.privilege)
    agreed, seen = Facts.of(row.agreed), Facts.of(row.seen)
    wanted = row.by_hand or row.by_group
    if row.status == "removing" or (row.status == "removed" and not row.active) or row.contested:
        # Still there, or back: shown to people, and not taken for a confirmation of anything.
        return Outcome(row.id, row.status, agreed, theirs, row.privilege, "")
    confirmed = row.status if row.status == "pending" and row.written_at is None else "enrolled"
    if shows(ours, theirs):
        return Outcome(row.id, "enrolled", ours, theirs, row.privilege)
    if row.status == "pending" and row.written_at is not None:
        return _after_writing(row, ours, theirs, seen)
    if agreed is None and wanted and row.status in {"pending", "failed"}:
        return Outcome(row.id, row.status, None, theirs, row.privilege)
    if agreed is not None and seen == theirs:
        return Outcome(row.id, confirmed, agreed, theirs, row.privilege)
    return None


def _after_writing(row: Any, ours: Facts, theirs: Facts, seen: Facts | None) -> Outcome | None:
    """The clock said that it took what we sent, and shows something else; None when that was changed there since."""
    if theirs == seen:
        text = f"The clock said that it took this person, and still shows them as {theirs.name or 'nobody'}"
        return Outcome(row.id, "failed", Facts.of(row.agreed), theirs, row.privilege, text[:300])
    same_but_name = (theirs.card, theirs.privilege) == (ours.card, ours.privilege)
    if same_but_name and (alike(ours.name, theirs.name) or not ours.name.isascii()):
        # Letters it has not got, or its own way to shorten: this is how it keeps what we asked for.
        shown = f"The clock shows this person as {theirs.name}" if theirs.name else ""
        return Outcome(row.id, "enrolled", ours, theirs, row.privilege, shown[:300])
    return None


async def _loud(session: AsyncSession, device_id: UUID, row: Any, theirs: Facts, received_at: datetime) -> Outcome:
    ours = our_facts(row.name, row.card_number, row.badge_number, row.privilege)
    agreed, seen = Facts.of(row.agreed), Facts.of(row.seen) or theirs
    if row.status == "pending" and row.written_at is not None:
        # It took what we sent; what it shows now was changed there after that.
        agreed = seen = Facts.of(row.sent) or ours
    if agreed is None:
        # First meeting: the clock's word for what it alone knows, ours for the name, a person's if they contradict.
        if not alike(ours.name, theirs.name):
            session.add(_conflict(row, device_id, ours, theirs, received_at))
            return Outcome(row.id, "enrolled", None, theirs, row.privilege)
        ours = Facts(ours.name, ours.card, theirs.privilege)
        agreed = ours
        seen = Facts(theirs.name, theirs.card, theirs.privilege)
        if row.card_number is None and theirs.card:
            seen = Facts(theirs.name, ours.card, theirs.privilege)
    merged = merge(agreed, ours, theirs, seen, ours_at=row.clock_facts_at, theirs_at=received_at)
    waiting = row.status == "pending" and row.written_at is None
    status = "pending" if waiting else "enrolled"
    if merged is None:
        return Outcome(row.id, status, agreed, theirs, ours.privilege)
    session.add(_decided(row, device_id, agreed, ours, theirs, merged, received_at))
    await _apply(session, row, merged)
    # Where the clock won we agree now; where we won the old agreement stays, and the planner sends ours.
    now_agreed = Facts(
        **{
            name: getattr(merged.result if getattr(merged.result, name) == getattr(theirs, name) else agreed, name)
            for name in ("name", "card", "privilege")
        }
    )
    return Outcome(row.id, status, now_agreed, theirs, merged.result.privilege, again=True)


async def _apply(session: AsyncSession, row: Any, merged: Merge) -> None:
    person = await session.get(Staff, row.staff_id, with_for_update={"key_share": True}, populate_existing=True)
    assert person is not None
    before: dict[str, object] = {"name": person.name, "card_number": person.card_number}
    ours = our_facts(person.name, person.card_number, person.badge_number)
    if "name" in merged.fields and merged.result.name != ours.name:
        person.name = merged.result.name
    if "card" in merged.fields and merged.result.card != ours.card:
        person.card_number = merged.result.card
    after: dict[str, object] = {"name": person.name, "card_number": person.card_number}
    if after != before:
        person.clock_facts_at = server_now()
        await session.flush()
        actor = Actor("device", str(row.device_serial), f"Clock {row.device_serial}")
        audited(session, actor, "staff.changed_at_clock", "staff", row.staff_id, before=before, after=after)


def _conflict(row: Any, device_id: UUID, ours: Facts, theirs: Facts, at: datetime) -> ConflictRow:
    return ConflictRow(
        kind="pin_collision",
        enrollment_id=row.id,
        device_id=device_id,
        staff_id=row.staff_id,
        pin=row.pin,
        fields=differing(ours, theirs),
        ours=ours.as_json(),
        theirs=theirs.as_json(),
        ours_at=row.clock_facts_at,
        theirs_at=at,
        rule=COLLISION,
    )


def _decided(
    row: Any, device_id: UUID, agreed: Facts, ours: Facts, theirs: Facts, merged: Merge, at: datetime
) -> ConflictRow:
    return ConflictRow(
        kind=merged.kind,
        enrollment_id=row.id,
        device_id=device_id,
        staff_id=row.staff_id,
        pin=row.pin,
        fields=list(merged.fields),
        agreed=agreed.as_json(),
        ours=ours.as_json(),
        theirs=theirs.as_json(),
        ours_at=row.clock_facts_at,
        theirs_at=at,
        rule=merged.rule,
        automatic=True,
        taken=merged.taken,
        result=merged.result.as_json(),
        resolved_at=server_now(),
        resolved_by="the rule",
        before={"name": row.name, "card_number": row.card_number, "privilege": row.privilege},
    )
