"""A clock's "done" is not yet proof: whoever was written to a push clock is asked back, once a change.

A pull clock is read again by the bridge itself, which names those it was shown. People are `enrolled` only after that;
a clock that cannot be asked back is believed, and the enrolment says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import CommandKind
from tenant_stack.devices.commands.queue import Wish, queue_many
from tenant_stack.people.enrollments.clock_person import Facts, shows
from tenant_stack.people.enrollments.status import refresh_status
from tenant_stack.pins import normal_pin

VERIFY = "verify"
HURRY, CALM = "hurry", "calm"
UNKNOWN_PIN = -10
HURRIED_SECONDS = 2
# Causes that may pass without anybody's doing: no memory, out of time, full, busy. Such a person is sent again by the
# planner an hour later, then three, nine, twelve … hours: three times the first day, twice a day after it, then never.
PASSING_CODES = frozenset({-3, -1001, -1003, -1005, -1007, -1008})
MOST_RETRIES = 10
NOT_SHOWN = "The clock said that it took this person, but does not show them"
BELIEVED = "The clock took this person; it cannot be asked to show them"

# A newer wish for the same person is on its way: its answer will be asked back, not this one's.
WRITTEN_BY_COMMAND = sa.text("""
UPDATE device_enrollments e SET written_at = now(), message = '', updated_at = now()
WHERE e.id = ANY(CAST(:ids AS uuid[])) AND e.status IN ('pending', 'failed')
  AND NOT EXISTS (SELECT 1 FROM device_commands c WHERE c.enrollment_id = e.id AND c.kind = 'user_update'
                  AND c.state IN ('queued', 'sent'))
RETURNING e.id, e.device_id, e.pin
""")
FAILED = sa.text("""
UPDATE device_enrollments e SET status = CASE WHEN e.status = 'removing' THEN e.status ELSE 'failed' END,
       message = t.message, updated_at = now(),
       retry_at = CASE WHEN t.passing AND e.status <> 'removing' AND e.retries < :most
                       THEN now() + make_interval(hours => CAST(least(12, power(3, e.retries)) AS integer)) END
FROM unnest(CAST(:ids AS uuid[]), CAST(:messages AS text[]), CAST(:passing AS boolean[])) AS t(id, message, passing)
WHERE e.id = t.id AND e.status <> 'removed'
RETURNING e.staff_id
""")
BELIEVE = sa.text("""
UPDATE device_enrollments e SET status = 'enrolled', message = :message, confirmed_at = now(), agreed = e.sent,
       written_at = NULL, updated_at = now()
WHERE e.id = ANY(CAST(:ids AS uuid[])) AND e.status = 'pending' AND e.written_at IS NOT NULL
RETURNING e.staff_id
""")
GONE = sa.text("""
UPDATE device_enrollments SET status = 'removed', message = '', on_device = false, agreed = NULL, seen = NULL,
       sent = NULL, written_at = NULL, updated_at = now()
WHERE status = 'removing' AND (id = ANY(CAST(:ids AS uuid[]))
                               OR (device_id = :device AND pin = ANY(CAST(:pins AS text[]))))
RETURNING staff_id
""")
# What the bridge was shown may have been asked for before our newest wish; a wish that was out for long was read.
SHOWN = sa.text("""
SELECT id, sent, reported_name, reported_card, reported_privilege,
       sent_at IS NULL OR sent_at < now() - make_interval(mins => 10) AS old
FROM device_enrollments
WHERE device_id = :device AND pin = ANY(CAST(:pins AS text[])) AND status IN ('pending', 'failed')
ORDER BY id FOR NO KEY UPDATE
""")
CONFIRM = sa.text("""
UPDATE device_enrollments SET status = 'enrolled', message = '', confirmed_at = now(), on_device = true,
       agreed = coalesce(sent, agreed), updated_at = now()
WHERE id = ANY(CAST(:ids AS uuid[]))
RETURNING staff_id
""")
# It stays a wish, which the bridge brings again after a while.
REFUSED = sa.text("""
UPDATE device_enrollments e SET message = t.message, updated_at = now()
FROM unnest(CAST(:pins AS text[]), CAST(:messages AS text[])) AS t(pin, message)
WHERE e.device_id = :device AND e.pin = t.pin AND e.status IN ('pending', 'removing')
RETURNING e.staff_id
""")
TOUCHED = sa.text("SELECT staff_id FROM device_enrollments WHERE id = ANY(CAST(:ids AS uuid[]))")
SILENT = sa.text("""
UPDATE device_enrollments e SET status = 'failed', message = :message, written_at = NULL, updated_at = now(),
       retry_at = CASE WHEN e.retries < :most
                       THEN now() + make_interval(hours => CAST(least(12, power(3, e.retries)) AS integer)) END
WHERE e.status = 'pending' AND e.written_at < now() - make_interval(mins => 5)
  AND NOT EXISTS (SELECT 1 FROM device_commands c WHERE c.enrollment_id = e.id AND c.state IN ('queued', 'sent'))
RETURNING e.staff_id
""")
LEFT = sa.text("""
SELECT EXISTS (SELECT 1 FROM device_commands WHERE device_id = :device AND state IN ('queued', 'sent')
               AND (kind LIKE 'user%' OR kind LIKE 'template%'))
""")
LAST_PACE = sa.text("""
SELECT purpose FROM device_commands WHERE device_id = :device AND purpose IN ('hurry', 'calm') ORDER BY id DESC LIMIT 1
""")


class Answer(Protocol):
    """What `devices.answers` knows of an answered command, as far as enrolments need it."""

    @property
    def kind(self) -> CommandKind: ...
    @property
    def outcome(self) -> str: ...
    @property
    def code(self) -> int: ...
    @property
    def enrollment_id(self) -> UUID | None: ...
    @property
    def words(self) -> str: ...


async def settle_people(session: AsyncSession, device_id: UUID, answered: Sequence[Answer]) -> None:
    """What a push clock answered to commands about people (`devices.answers.Answered`)."""
    over = [each for each in answered if each.enrollment_id and each.outcome != "again"]
    if over:
        await _settle(session, over)
    about_people = (CommandKind.USER_UPDATE, CommandKind.USER_DELETE, CommandKind.USER_QUERY)
    if any(each.kind in about_people for each in answered):
        await _slow_down(session, device_id)


async def _settle(session: AsyncSession, over: Sequence[Answer]) -> None:
    done: list[UUID] = []
    gone: list[UUID] = []
    failed: dict[UUID, tuple[str, bool]] = {}
    believed: list[UUID] = []
    for each in over:
        identifier = each.enrollment_id
        if identifier is None:
            continue
        match each.kind, each.outcome:
            case CommandKind.USER_UPDATE, "done":
                done.append(identifier)
            case CommandKind.USER_DELETE, "done":
                gone.append(identifier)
            case ((CommandKind.USER_UPDATE | CommandKind.USER_DELETE), _):
                failed[identifier] = each.words, each.code in PASSING_CODES
            case CommandKind.USER_QUERY, "done":
                pass
            case CommandKind.USER_QUERY, _ if each.code == UNKNOWN_PIN:
                failed[identifier] = NOT_SHOWN, False
            case CommandKind.USER_QUERY, _:
                believed.append(identifier)
    if done:
        rows = await session.execute(WRITTEN_BY_COMMAND, {"ids": done})
        wishes = [
            Wish(
                device_id=row.device_id,
                kind=CommandKind.USER_QUERY,
                pin=row.pin,
                purpose=VERIFY,
                enrollment_id=row.id,
            )
            for row in rows
        ]
        await queue_many(session, wishes)
    if gone:
        await session.execute(GONE, {"ids": gone, "device": None, "pins": []})
    if failed:
        values = {
            "ids": list(failed),
            "messages": [text[:300] for text, _ in failed.values()],
            "passing": [passing for _, passing in failed.values()],
            "most": MOST_RETRIES,
        }
        await session.execute(FAILED, values)
    if believed:
        await session.execute(BELIEVE, {"ids": believed, "message": BELIEVED})
    touched = await session.scalars(TOUCHED, {"ids": [each.enrollment_id for each in over]})
    await refresh_status(session, [each for each in touched if each])


async def settle_written(
    session: AsyncSession,
    device_id: UUID,
    written_pins: Sequence[str],
    removed_pins: Sequence[str],
    refused: Mapping[str, str],
) -> None:
    """Whom a pull device was shown to have, whom it was shown to have no more, and whom it refused, with the reason."""
    touched: list[UUID | None] = []
    if written_pins:
        values = {"device": device_id, "pins": [normal_pin(pin) for pin in written_pins]}
        shown = [row.id for row in await session.execute(SHOWN, values) if row.old or _as_sent(row)]
        touched.extend(await session.scalars(CONFIRM, {"ids": shown}))
    if removed_pins:
        pins = [normal_pin(pin) for pin in removed_pins]
        touched.extend(await session.scalars(GONE, {"ids": [], "device": device_id, "pins": pins}))
    if refused:
        values = {
            "device": device_id,
            "pins": [normal_pin(pin) for pin in refused],
            "messages": [reason[:300] for reason in refused.values()],
        }
        touched.extend(await session.scalars(REFUSED, values))
    await refresh_status(session, [each for each in touched if each])


def _as_sent(row: Any) -> bool:
    """Whether the list that came with this confirmation does not contradict what we last asked for."""
    sent = Facts.of(row.sent)
    if sent is None or row.reported_card is None:
        return True
    return shows(sent, Facts(row.reported_name or "", row.reported_card, row.reported_privilege or 0))


async def give_up_on_silent(session: AsyncSession) -> None:
    """Clocks that answered the question for a person without ever showing them: the enrolment has failed."""
    touched = await session.scalars(SILENT, {"message": NOT_SHOWN, "most": MOST_RETRIES})
    await refresh_status(session, [each for each in touched if each])


async def poll_seconds(session: AsyncSession, device_id: UUID, usual: int) -> int:
    """How often a push clock shall call: soon while it has people or templates to fetch, as usual otherwise."""
    waiting = await session.scalar(LEFT, {"device": device_id})
    return min(HURRIED_SECONDS, usual) if waiting else usual


async def _slow_down(session: AsyncSession, device_id: UUID) -> None:
    """A clock that was told to hurry and has fetched everything reads its options again, and calls as usual."""
    if await session.scalar(LAST_PACE, {"device": device_id}) != HURRY:
        return
    if not await session.scalar(LEFT, {"device": device_id}):
        await queue_many(session, [Wish(device_id=device_id, kind=CommandKind.CHECK, purpose=CALM)])
