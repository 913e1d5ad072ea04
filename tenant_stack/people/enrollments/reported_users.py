"""Users that a clock reported: whom we know is confirmed, what was changed at the clock is merged, strangers are kept.

Nothing is ever removed because of a list of users: an empty or cut-off list is a common fault of clocks. Only a whole
list whose length the clock's own count confirms tells who is missing, see
`tenant_stack.people.enrollments.list_absence`.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import BatchResult, DeviceUser, UserBatch
from foundation.database import AfterCommit, after_commit
from tenant_stack.people.enrollments.clock_person import Facts
from tenant_stack.people.enrollments.merge_reports import Report, settle_reports
from tenant_stack.people.enrollments.pin_matches import match_pins
from tenant_stack.people.enrollments.punch_owners import attach_known
from tenant_stack.pins import normal_pin
from tenant_stack.punch_lines import printable

LOCK = sa.text("""
SELECT pin FROM device_enrollments WHERE device_id = :device AND pin = ANY(CAST(:pins AS text[]))
ORDER BY pin FOR NO KEY UPDATE
""")

KEEP = sa.text("""
INSERT INTO device_enrollments AS e (device_id, pin, staff_id, origin, status, reported_name, reported_card,
                                     reported_privilege, reported_at, confirmed_at, on_device, listed_at, facts_at)
SELECT CAST(:device AS uuid), t.pin, NULL, 'reported', 'enrolled', t.name, t.card, t.privilege,
       CAST(:at AS timestamptz), now(), true, CASE WHEN :complete THEN CAST(:at AS timestamptz) END, now()
FROM unnest(CAST(:pins AS text[]), CAST(:names AS text[]), CAST(:cards AS bigint[]), CAST(:privileges AS integer[]))
     AS t(pin, name, card, privilege)
ORDER BY t.pin
ON CONFLICT (device_id, pin) DO UPDATE SET
    reported_at = CASE WHEN ROW(e.reported_name, e.reported_card, e.reported_privilege) IS DISTINCT FROM
                            ROW(excluded.reported_name, excluded.reported_card, excluded.reported_privilege)
                       THEN excluded.reported_at ELSE e.reported_at END,
    reported_name = excluded.reported_name, reported_card = excluded.reported_card,
    reported_privilege = excluded.reported_privilege, confirmed_at = now(), on_device = true,
    listed_at = coalesce(excluded.listed_at, e.listed_at)
RETURNING e.pin, (xmax = 0) AS fresh
""")

WHOLE = sa.text("""
INSERT INTO device_lists (device_id, taken_at, people) VALUES (:device, :at, :people)
ON CONFLICT (device_id) DO UPDATE SET taken_at = excluded.taken_at, people = excluded.people, verified_at = NULL
WHERE device_lists.taken_at <= excluded.taken_at
""")


async def take_users(
    session: AsyncSession, device_id: UUID, batch: UserBatch, plan: AfterCommit | None = None
) -> BatchResult:
    """Keep a device's users; ``stored`` are those that were new and nobody's, ``duplicate`` those we had.

    ``plan`` is called after the commit when other clocks have to follow what was changed at this one.
    """
    users: dict[str, DeviceUser] = {}
    for user in batch.users:
        if pin := normal_pin(user.pin):
            users[pin] = user
    pins = sorted(users)
    stored = 0
    if pins:
        whole = batch.complete and not batch.rejected
        await session.execute(LOCK, {"device": device_id, "pins": pins})
        rows = await session.execute(
            KEEP,
            {
                "device": device_id,
                "at": batch.received_at,
                "complete": whole,
                "pins": pins,
                "names": [printable(users[pin].name) for pin in pins],
                "cards": [users[pin].card for pin in pins],
                "privileges": [users[pin].privilege for pin in pins],
            },
        )
        fresh = {row.pin for row in rows if row.fresh}
        owners = await match_pins(session, device_id, pins)
        stored = len(fresh - owners.keys())
        if whole:
            await session.execute(WHOLE, {"device": device_id, "at": batch.received_at, "people": len(pins)})
        reports = [
            Report(pin, Facts(printable(users[pin].name), users[pin].card, users[pin].privilege)) for pin in owners
        ]
        if await settle_reports(session, device_id, reports, batch.received_at) and plan is not None:
            after_commit(session, plan)
        if owners:
            await attach_known(session, device_id=device_id)
    received = len(batch.users) + len(batch.rejected)
    quarantined = len(batch.rejected)
    return BatchResult(
        received=received, stored=stored, duplicate=received - stored - quarantined, quarantined=quarantined
    )
