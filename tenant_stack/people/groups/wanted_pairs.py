"""Who belongs on which clock, compared with what is known: the pairs that something has to be done about.

One statement finds them for the whole organisation, so a lost hint or a change made behind our back is found by the
next sweep just the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tenant_stack.people.enrollments.clock_person import Facts, our_facts, sendable
from tenant_stack.people.groups.plan import Pair

WANTED = """
WITH members AS (
    SELECT g.id AS group_id, s.id AS staff_id FROM device_groups g JOIN staff s ON s.active WHERE g.everybody
    UNION
    SELECT g.id, s.id FROM device_groups g CROSS JOIN jsonb_array_elements_text(g.departments) AS t(department)
    JOIN staff s ON s.active AND s.department = t.department
    UNION
    SELECT m.group_id, s.id FROM device_group_sites m JOIN staff s ON s.active AND s.site_id = m.site_id
    UNION
    SELECT m.group_id, s.id FROM device_group_staff m JOIN staff s ON s.active AND s.id = m.staff_id
), wanted AS (
    SELECT DISTINCT gd.device_id, m.staff_id
    FROM members m JOIN device_group_devices gd ON gd.group_id = m.group_id
    JOIN devices d ON d.id = gd.device_id AND d.approved_at IS NOT NULL
    WHERE CAST(:staff AS uuid) IS NULL OR m.staff_id = CAST(:staff AS uuid)
)"""

# A clock may know a person under two numbers; the one that is in use counts.
PAIRS = sa.text(
    WANTED  # noqa: S608 - both parts are constants
    + """, known AS (
    SELECT DISTINCT ON (device_id, staff_id) * FROM device_enrollments
    WHERE staff_id IS NOT NULL AND (CAST(:staff AS uuid) IS NULL OR staff_id = CAST(:staff AS uuid))
    ORDER BY device_id, staff_id, status IN ('removing', 'removed'), id
), pairs AS (
    SELECT coalesce(w.device_id, e.device_id) AS device_id, coalesce(w.staff_id, e.staff_id) AS staff_id,
           w.device_id IS NOT NULL AS wanted, e.id AS enrollment_id, e.pin, e.status, e.facts_at, e.agreed, e.sent,
           coalesce(e.by_group, false) AS by_group, coalesce(e.by_hand, false) AS by_hand,
           coalesce(e.privilege, 0) AS privilege, e.reported_card,
           coalesce(e.status = 'failed' AND e.retry_at <= now(), false) AS again,
           e.status IN ('removing', 'removed') IS TRUE AS gone
    FROM wanted w FULL JOIN known e ON e.device_id = w.device_id AND e.staff_id = w.staff_id
)
SELECT p.*, s.active, s.name, s.card_number, s.badge_number, s.clock_facts_at, d.connection
FROM pairs p JOIN staff s ON s.id = p.staff_id JOIN devices d ON d.id = p.device_id
WHERE d.approved_at IS NOT NULL AND (
    p.enrollment_id IS NULL
    OR p.wanted <> p.by_group
    OR (s.active AND (p.wanted OR p.by_hand) AND (p.gone OR p.again OR p.facts_at IS NULL
                                                       OR s.clock_facts_at > p.facts_at))
    OR (NOT s.active AND NOT p.gone)
  ) AND NOT (s.active AND EXISTS (
    SELECT 1 FROM conflicts c WHERE c.resolved_at IS NULL AND c.device_id = p.device_id AND c.staff_id = p.staff_id))
ORDER BY p.device_id, p.staff_id
LIMIT :most
"""
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair to plan for, with what carrying it out needs."""

    device_id: UUID
    staff_id: UUID
    enrollment_id: UUID | None
    pin: str | None
    push: bool
    name: str
    pair: Pair


async def candidates(session: AsyncSession, *, staff_id: UUID | None = None, most: int) -> list[Candidate]:
    """At most so many pairs that may need something, of everybody or of one person; all of them planned: none left."""
    rows = await session.execute(PAIRS, {"staff": staff_id, "most": most})
    found: list[Candidate] = []
    for row in rows:
        agreed = Facts.of(row.agreed)
        ours = sendable(
            our_facts(row.name, row.card_number, row.badge_number, row.privilege), agreed, row.reported_card
        )
        pair = Pair(
            active=row.active,
            wanted_by_group=row.wanted,
            by_group=row.by_group,
            by_hand=row.by_hand,
            status=row.status,
            ours=ours,
            agreed=agreed,
            sent=Facts.of(row.sent),
            again=row.again,
        )
        found.append(
            Candidate(row.device_id, row.staff_id, row.enrollment_id, row.pin, row.connection == "push", row.name, pair)
        )
    return found
