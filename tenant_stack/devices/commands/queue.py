"""Commands for push clocks: queued, leased to the bridge, kept until the clock has answered (`devices.answers`).

Order: what is asked of a person (a PIN) waits for what was asked of them before, so that a lost acknowledgement cannot
turn "remove, then add" around; templates of one person go together, after the person. What failed because the clock
did not know the person (-10) waits for them, and nobody waits for it. Clocks may execute a command twice, so those that
must not be are sent once only (`ONCE`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import Command, CommandKind, DeviceUser, TemplateName
from tenant_stack.pins import normal_pin

# A clock that restarts may never say so, and would be restarted again and again; a log must not be emptied later than
# it was counted; an enrolment waits for a finger.
ONCE = (CommandKind.REBOOT, CommandKind.CLEAR_LOG, CommandKind.ENROLL)
ONCE_SECONDS = 300
NO_WORD = "The clock did not say whether it did this"

QUEUE = sa.text("""
INSERT INTO device_commands (device_id, kind, payload, pin, template_id, purpose, requested_by, sync_id, enrollment_id)
SELECT device_id, kind, CAST(payload AS jsonb), pin, template_id, purpose, requested_by, sync_id, enrollment_id
FROM unnest(CAST(:devices AS uuid[]), CAST(:kinds AS text[]), CAST(:payloads AS text[]), CAST(:pins AS text[]),
            CAST(:templates AS uuid[]), CAST(:purposes AS text[]), CAST(:requesters AS text[]),
            CAST(:syncs AS uuid[]), CAST(:enrollments AS uuid[]))
     WITH ORDINALITY
     AS t(device_id, kind, payload, pin, template_id, purpose, requested_by, sync_id, enrollment_id, nth)
ORDER BY nth
RETURNING id
""")

# A newer wish for the same enrolment replaces one that the clock has not fetched yet.
DROP_OLDER = sa.text("""
DELETE FROM device_commands c USING unnest(CAST(:enrollments AS uuid[])) AS t(enrollment_id)
WHERE c.enrollment_id = t.enrollment_id AND c.state = 'queued' AND c.attempts = 0
  AND c.kind IN ('user_update', 'user_delete')
""")

# Secrets stay here for a clock that is not trusted with them, or that calls from an address nobody has confirmed
# (`devices.trust` says the same in words).
LEASE = sa.text("""
WITH clock AS (
    SELECT id, trust <> 'full' OR new_address IS NOT NULL
               OR (CAST(:address AS text) <> '' AND pinned_address <> CAST(:address AS text)) IS TRUE AS weak
    FROM devices WHERE id = :device
), next AS (
    SELECT c.id FROM device_commands c JOIN clock ON clock.id = c.device_id
    WHERE c.device_id = :device AND c.state IN ('queued', 'sent') AND (c.leased_until IS NULL OR c.leased_until < now())
      AND NOT (c.state = 'sent' AND c.kind = ANY(CAST(:once AS text[])))
      AND NOT (clock.weak AND (c.kind = 'template_update'
                               OR coalesce(CAST(c.payload #>> '{user,privilege}' AS integer), 0) > 0))
      AND (c.pin IS NULL OR NOT EXISTS (
          SELECT 1 FROM device_commands e
          WHERE e.device_id = :device AND e.pin = c.pin AND e.state IN ('queued', 'sent') AND e.id <> c.id
            AND ((e.id < c.id AND e.result_code IS DISTINCT FROM -10
                  AND NOT (e.kind = c.kind AND c.kind LIKE 'template%'))
                 OR (c.result_code = -10 AND e.kind = 'user_update'))
      ))
    ORDER BY c.id LIMIT :most FOR UPDATE OF c SKIP LOCKED
)
UPDATE device_commands SET state = 'sent', attempts = attempts + 1,
       leased_until = now() + make_interval(secs => CASE WHEN kind = ANY(CAST(:once AS text[]))
                                            THEN CAST(:once_seconds AS integer) ELSE CAST(:seconds AS integer) END)
WHERE id IN (SELECT id FROM next)
RETURNING id, kind, payload, template_id
""")

GIVE_UP_ON_ONCE = sa.text("""
UPDATE device_commands SET state = 'failed', finished_at = now(), result_text = :message
WHERE state = 'sent' AND kind = ANY(CAST(:once AS text[])) AND leased_until < now()
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A command to be queued. ``since`` and ``until`` are device-local text. ``template_id`` is an id only: the bytes
    are filled in when the clock fetches the command."""

    device_id: UUID
    kind: CommandKind
    user: DeviceUser | None = None
    target: TemplateName | None = None
    pin: str | None = None
    template_id: UUID | None = None
    overwrite: bool = False
    since: str | None = None
    until: str | None = None
    purpose: str = ""
    requested_by: str = ""
    sync_id: UUID | None = None
    enrollment_id: UUID | None = None

    @property
    def about(self) -> str | None:
        """The normal PIN of the person this is about."""
        named = self.user.pin if self.user else self.target.pin if self.target else self.pin
        return normal_pin(named) if named else None

    def payload(self) -> str:
        facts = {
            "user": self.user.model_dump() if self.user else None,
            "target": self.target.model_dump(mode="json") if self.target else None,
            "pin": self.pin,
            "overwrite": self.overwrite or None,
            "since": self.since,
            "until": self.until,
        }
        return json.dumps({name: value for name, value in facts.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Leased:
    """A command for the clock; one with a ``template_id`` still lacks its template."""

    command: Command
    template_id: UUID | None


async def queue(  # noqa: PLR0913 - each is a column of the command
    session: AsyncSession,
    device_id: UUID,
    kind: CommandKind,
    *,
    user: DeviceUser | None = None,
    target: TemplateName | None = None,
    pin: str | None = None,
    template_id: UUID | None = None,
    overwrite: bool = False,
    since: str | None = None,
    until: str | None = None,
    purpose: str = "",
    requested_by: str = "",
    sync_id: UUID | None = None,
    enrollment_id: UUID | None = None,
) -> int:
    """Queue a command, which the clock fetches with its next poll; returns its id."""
    wish = Wish(
        device_id=device_id,
        kind=kind,
        user=user,
        target=target,
        pin=pin,
        template_id=template_id,
        overwrite=overwrite,
        since=since,
        until=until,
        purpose=purpose,
        requested_by=requested_by,
        sync_id=sync_id,
        enrollment_id=enrollment_id,
    )
    return (await queue_many(session, [wish]))[0]


async def queue_many(session: AsyncSession, wishes: Sequence[Wish]) -> list[int]:
    """Queue commands in this order, in two statements however many they are; returns their ids."""
    if not wishes:
        return []
    replacing = [
        wish.enrollment_id
        for wish in wishes
        if wish.enrollment_id and wish.kind in (CommandKind.USER_UPDATE, CommandKind.USER_DELETE)
    ]
    if replacing:
        await session.execute(DROP_OLDER, {"enrollments": replacing})
    values = {
        "devices": [wish.device_id for wish in wishes],
        "kinds": [wish.kind.value for wish in wishes],
        "payloads": [wish.payload() for wish in wishes],
        "pins": [wish.about for wish in wishes],
        "templates": [wish.template_id for wish in wishes],
        "purposes": [wish.purpose for wish in wishes],
        "requesters": [wish.requested_by[:200] for wish in wishes],
        "syncs": [wish.sync_id for wish in wishes],
        "enrollments": [wish.enrollment_id for wish in wishes],
    }
    return sorted(await session.scalars(QUEUE, values))


async def lease(
    session: AsyncSession, device_id: UUID, *, most: int, seconds: int, source_address: str = ""
) -> list[Leased]:
    """The next commands of a device, oldest first. Those that nobody answers for come again after ``seconds``."""
    values = {
        "device": device_id,
        "most": most,
        "seconds": seconds,
        "once": list(ONCE),
        "once_seconds": ONCE_SECONDS,
        "address": source_address[:64],
    }
    rows = await session.execute(LEASE, values)
    return [
        Leased(Command(id=str(row.id), kind=CommandKind(row.kind), **row.payload), row.template_id)
        for row in sorted(rows, key=lambda row: row.id)
    ]


async def give_up_on_once(session: AsyncSession) -> None:
    """Commands that are sent once and of which the clock said nothing have failed."""
    await session.execute(GIVE_UP_ON_ONCE, {"once": list(ONCE), "message": NO_WORD})
