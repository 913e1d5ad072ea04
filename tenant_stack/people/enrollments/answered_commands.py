"""What the answers of a push clock mean for the people on it: written, refused, or to be written first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import CommandKind, CommandResult
from tenant_stack.devices.commands.queue import Wish, queue_many
from tenant_stack.devices.commands.results import Answered, take_results
from tenant_stack.people.enrollments.confirmations import settle_people
from tenant_stack.people.enrollments.pull_list import device_user

PERSON = sa.text("""
SELECT e.id, e.pin, e.privilege, s.name, s.card_number, s.badge_number
FROM device_enrollments e JOIN staff s ON s.id = e.staff_id
WHERE e.device_id = :device AND e.pin = ANY(CAST(:pins AS text[])) AND e.status NOT IN ('removing', 'removed')
  AND NOT EXISTS (SELECT 1 FROM device_commands c WHERE c.device_id = e.device_id AND c.pin = e.pin
                  AND c.kind = 'user_update' AND c.state IN ('queued', 'sent'))
""")
NOBODY = sa.text("""
UPDATE device_commands c SET state = 'failed', finished_at = now()
WHERE c.id = ANY(CAST(:ids AS bigint[]))
  AND NOT EXISTS (SELECT 1 FROM device_commands u WHERE u.device_id = c.device_id AND u.pin = c.pin
                  AND u.kind = 'user_update' AND u.state IN ('queued', 'sent'))
RETURNING c.id
""")


async def take_answers(session: AsyncSession, device_id: UUID, results: Sequence[CommandResult]) -> list[Answered]:
    """Record what a push clock answered and what follows for its enrollments; returns the answered commands."""
    answered = await take_results(session, device_id, results)
    answered = await _send_person_first(session, device_id, answered)
    await settle_people(session, device_id, answered)
    return answered


async def _send_person_first(session: AsyncSession, device_id: UUID, answered: list[Answered]) -> list[Answered]:
    """Queue the people without whom commands failed; what is about nobody we know has failed for good."""
    waiting = [each for each in answered if each.outcome == "person"]
    if not waiting:
        return answered
    pins = sorted({each.pin for each in waiting if each.pin})
    people = await session.execute(PERSON, {"device": device_id, "pins": pins})
    wishes = [
        Wish(
            device_id=device_id,
            kind=CommandKind.USER_UPDATE,
            user=device_user(row.pin, row.name, row.badge_number, row.card_number, row.privilege),
            enrollment_id=row.id,
        )
        for row in people
    ]
    await queue_many(session, wishes)
    lost = set(await session.scalars(NOBODY, {"ids": [each.id for each in waiting]}))
    return [replace(each, outcome="failed") if each.id in lost else each for each in answered]
