"""Carrying out what was planned: rows change, push clocks get commands, pull clocks read their wishes from the rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import CommandKind, DeviceUser
from tenant_stack.devices.commands.queue import Wish, queue_many
from tenant_stack.people.enrollments.punch_owners import attach_known
from tenant_stack.people.enrollments.status import refresh_status
from tenant_stack.people.groups.pin_choice import choose_numbers
from tenant_stack.people.groups.plan import Step, plan
from tenant_stack.people.groups.wanted_pairs import Candidate, candidates

BATCH = 10_000
# A clock that has more to fetch than this is asked to call more often meanwhile.
MANY = 100
HURRY = "hurry"
PLAN_LOCK = sa.text("SELECT pg_advisory_xact_lock(7203414)")

# Somebody whom the clock reported under this number, and whose name agrees, becomes this person.
ADD = sa.text("""
INSERT INTO device_enrollments AS e (device_id, pin, staff_id, origin, status, by_group, sent, sent_at, facts_at)
SELECT t.device_id, t.pin, t.staff_id, 'group', 'pending', true, CAST(t.sent AS jsonb), now(), now()
FROM unnest(CAST(:devices AS uuid[]), CAST(:pins AS text[]), CAST(:staff AS uuid[]), CAST(:facts AS text[]))
     AS t(device_id, pin, staff_id, sent)
ON CONFLICT (device_id, pin) DO UPDATE SET
    staff_id = excluded.staff_id, origin = 'group', status = 'pending', message = '', by_group = true,
    privilege = coalesce(e.reported_privilege, e.privilege), sent = excluded.sent, sent_at = now(), facts_at = now(),
    written_at = NULL, agreed = NULL, kept_apart = false, retries = 0, retry_at = NULL, updated_at = now()
WHERE e.staff_id IS NULL OR e.staff_id = excluded.staff_id
RETURNING e.id, e.device_id, e.pin
""")
CHANGE = sa.text("""
UPDATE device_enrollments e SET status = 'pending', by_group = t.by_group, sent = CAST(t.sent AS jsonb),
       message = CASE WHEN t.again THEN left('Sent again by itself; before: ' || e.message, 300) ELSE '' END,
       retries = CASE WHEN t.again THEN e.retries + 1 ELSE 0 END, retry_at = NULL,
       sent_at = now(), facts_at = now(), written_at = NULL, updated_at = now()
FROM unnest(CAST(:ids AS uuid[]), CAST(:facts AS text[]), CAST(:groups AS boolean[]), CAST(:again AS boolean[]))
     AS t(id, sent, by_group, again)
WHERE e.id = t.id
""")
NOTE = sa.text("""
UPDATE device_enrollments e SET by_group = t.by_group, facts_at = now()
FROM unnest(CAST(:ids AS uuid[]), CAST(:groups AS boolean[])) AS t(id, by_group)
WHERE e.id = t.id
""")
REMOVE = sa.text("""
UPDATE device_enrollments SET status = 'removing', message = '', by_group = false, written_at = NULL, sent = NULL,
       updated_at = now()
WHERE id = ANY(CAST(:ids AS uuid[])) AND status <> 'removed'
RETURNING id, device_id, pin, staff_id
""")
PUSH_DEVICES = sa.text("SELECT id FROM devices WHERE id = ANY(CAST(:ids AS uuid[])) AND connection = 'push'")
CONTEST = sa.text("""
INSERT INTO conflicts (kind, enrollment_id, device_id, staff_id, pin, fields, ours, theirs, ours_at, theirs_at, rule)
SELECT 'pin_collision', e.id, e.device_id, s.id, e.pin, CAST('["name"]' AS jsonb),
       jsonb_build_object('name', s.name, 'card', coalesce(s.card_number, 0), 'privilege', 0),
       jsonb_build_object('name', coalesce(e.reported_name, ''), 'card', coalesce(e.reported_card, 0),
                          'privilege', coalesce(e.reported_privilege, 0)),
       s.clock_facts_at, coalesce(e.reported_at, e.created_at), :rule
FROM unnest(CAST(:ids AS uuid[]), CAST(:staff AS uuid[])) AS t(id, staff_id)
JOIN device_enrollments e ON e.id = t.id JOIN staff s ON s.id = t.staff_id
ON CONFLICT (enrollment_id) WHERE resolved_at IS NULL DO NOTHING
""")
CONTEST_RULE = "The clock knows somebody of another name under this number, so nobody was written over"


async def reconcile(session: AsyncSession, *, staff_id: UUID | None = None, most: int = BATCH) -> int:
    """Plan and carry out for at most ``most`` pairs; returns how many there were. Call again until it is 0.

    One planner at a time: two would choose the same numbers and send everything twice.
    """
    await session.execute(PLAN_LOCK)
    found = await candidates(session, staff_id=staff_id, most=most)
    steps: dict[Step, list[Candidate]] = {step: [] for step in Step}
    for each in found:
        steps[plan(each.pair)].append(each)
    await _add(session, [each for each in steps[Step.ADD] if each.enrollment_id is None])
    again = [each for each in steps[Step.ADD] if each.enrollment_id is not None]
    await _change(session, [*again, *steps[Step.CHANGE]])
    await take_off(session, [each.enrollment_id for each in steps[Step.REMOVE] if each.enrollment_id])
    noted = [*steps[Step.NOTE], *steps[Step.KEEP]]
    values = {
        "ids": [each.enrollment_id for each in noted],
        "groups": [each.pair.wanted_by_group for each in noted],
    }
    if noted:
        await session.execute(NOTE, values)
    await refresh_status(session, [each.staff_id for each in found])
    return len(found)


async def _add(session: AsyncSession, people: Sequence[Candidate]) -> None:
    numbered = await choose_numbers(session, people)
    going = [each for each in people if (each.device_id, each.staff_id) in numbered.pins]
    if numbered.contests:
        values: dict[str, object] = {
            "ids": [each.enrollment_id for each in numbered.contests],
            "staff": [each.staff_id for each in numbered.contests],
            "rule": CONTEST_RULE,
        }
        await session.execute(CONTEST, values)
    if not going:
        return
    pins = [numbered.pins[each.device_id, each.staff_id] for each in going]
    rows = await session.execute(
        ADD,
        {
            "devices": [each.device_id for each in going],
            "pins": pins,
            "staff": [each.staff_id for each in going],
            "facts": [json.dumps(each.pair.ours.as_json()) for each in going],
        },
    )
    made = {(row.device_id, row.pin): row.id for row in rows}
    wishes = [
        _update(each, pin, made[each.device_id, pin])
        for each, pin in zip(going, pins, strict=True)
        if each.push and (each.device_id, pin) in made
    ]
    await _send(session, wishes)
    await attach_known(session)


async def _change(session: AsyncSession, people: Sequence[Candidate]) -> None:
    if not people:
        return
    await session.execute(
        CHANGE,
        {
            "ids": [each.enrollment_id for each in people],
            "facts": [json.dumps(each.pair.ours.as_json()) for each in people],
            "groups": [each.pair.wanted_by_group for each in people],
            "again": [each.pair.again for each in people],
        },
    )
    await _send(
        session,
        [
            _update(each, each.pin, each.enrollment_id)
            for each in people
            if each.push and each.pin and each.enrollment_id
        ],
    )


async def take_off(session: AsyncSession, enrollment_ids: Sequence[UUID]) -> list[UUID]:
    """Take these people off their clocks; the rows stay, so that late punches keep their owner. Returns whom."""
    if not enrollment_ids:
        return []
    rows = list(await session.execute(REMOVE, {"ids": list(enrollment_ids)}))
    push = set(await session.scalars(PUSH_DEVICES, {"ids": list({row.device_id for row in rows})}))
    wishes = [
        Wish(device_id=row.device_id, kind=CommandKind.USER_DELETE, user=DeviceUser(pin=row.pin), enrollment_id=row.id)
        for row in rows
        if row.device_id in push
    ]
    await _send(session, wishes)
    return [row.staff_id for row in rows if row.staff_id]


def _update(each: Candidate, pin: str, enrollment_id: UUID) -> Wish:
    return Wish(
        device_id=each.device_id,
        kind=CommandKind.USER_UPDATE,
        user=each.pair.ours.user(pin),
        enrollment_id=enrollment_id,
    )


async def _send(session: AsyncSession, wishes: list[Wish]) -> None:
    """Queue, grouped by clock; one that has much to fetch first hears that it shall call more often (`hurry`)."""
    many = [device for device, count in Counter(wish.device_id for wish in wishes).items() if count > MANY]
    hurry = [Wish(device_id=device, kind=CommandKind.CHECK, purpose=HURRY) for device in many]
    await queue_many(session, [*hurry, *sorted(wishes, key=lambda wish: wish.device_id)])
