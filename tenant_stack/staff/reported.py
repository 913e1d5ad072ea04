"""Users that a clock reported: whom we know is confirmed, whom we do not know is kept, visible, with nobody's name.

Nothing is ever removed because of a list of users: an empty or cut-off list is a common fault of clocks.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import BatchResult, DeviceUser, UserBatch
from tenant_stack.punches.attach import attach_known
from tenant_stack.punches.lines import printable
from tenant_stack.punches.pins import normal_pin
from tenant_stack.staff.enrollment_status import refresh_status
from tenant_stack.staff.matching import match_pins

KEEP = sa.text("""
INSERT INTO device_enrollments (device_id, pin, staff_id, origin, status, reported_name, reported_card, confirmed_at)
SELECT CAST(:device AS uuid), t.pin, NULL, 'reported', 'enrolled', t.name, t.card, now()
FROM unnest(CAST(:pins AS text[]), CAST(:names AS text[]), CAST(:cards AS bigint[])) AS t(pin, name, card)
ORDER BY t.pin
ON CONFLICT (device_id, pin) DO UPDATE SET
    reported_name = excluded.reported_name, reported_card = excluded.reported_card, confirmed_at = now(),
    status = CASE WHEN device_enrollments.status = 'failed' THEN 'enrolled' ELSE device_enrollments.status END
RETURNING staff_id, (xmax = 0) AS fresh
""")


async def take_users(session: AsyncSession, device_id: UUID, batch: UserBatch) -> BatchResult:
    """Keep a device's users; ``stored`` are those that were new, ``duplicate`` those we had."""
    users: dict[str, DeviceUser] = {}
    for user in batch.users:
        if pin := normal_pin(user.pin):
            users[pin] = user
    pins = sorted(users)
    stored = 0
    if pins:
        known = await match_pins(session, device_id, pins)
        rows = list(
            await session.execute(
                KEEP,
                {
                    "device": device_id,
                    "pins": pins,
                    "names": [printable(users[pin].name) for pin in pins],
                    "cards": [users[pin].card for pin in pins],
                },
            )
        )
        stored = sum(row.fresh for row in rows)
        await refresh_status(session, [row.staff_id for row in rows if row.staff_id])
        if known:
            await attach_known(session, device_id=device_id)
    received = len(batch.users) + len(batch.rejected)
    quarantined = len(batch.rejected)
    return BatchResult(
        received=received, stored=stored, duplicate=received - stored - quarantined, quarantined=quarantined
    )
