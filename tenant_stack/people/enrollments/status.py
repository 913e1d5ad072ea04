"""Overall enrolment progress of a person, kept in `staff.enrollment_status` by everything that changes enrolments."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

REFRESH = sa.text("""
UPDATE staff s SET enrollment_status = n.status
FROM (
    SELECT p.id, CASE WHEN count(e.id) = 0 THEN 'not_enrolled'
                      WHEN count(e.id) = count(e.id) FILTER (WHERE e.status = 'enrolled') THEN 'enrolled'
                      WHEN count(e.id) FILTER (WHERE e.status = 'enrolled') = 0 THEN 'pending'
                      ELSE 'partial' END AS status
    FROM staff p
    LEFT JOIN device_enrollments e ON e.staff_id = p.id AND e.status NOT IN ('removing', 'removed')
    WHERE p.id = ANY(CAST(:ids AS uuid[]))
    GROUP BY p.id
    ORDER BY p.id
) n
WHERE s.id = n.id AND s.enrollment_status <> n.status
""")


# Two clocks that answer at once would each see the other's answer as missing, so one waits for the other.
LOCK = sa.text("SELECT id FROM staff WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE")


async def refresh_status(session: AsyncSession, staff_ids: Sequence[UUID]) -> None:
    """Compute the progress of these people again; call after any change of their enrolments."""
    if staff_ids:
        await session.execute(LOCK, {"ids": sorted(set(staff_ids))})
        await session.execute(REFRESH, {"ids": sorted(set(staff_ids))})
