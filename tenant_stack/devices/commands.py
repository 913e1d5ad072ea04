"""Commands for push clocks: queued, leased to the bridge, kept until the clock has answered.

Meaning of the return codes: the public Attendance PUSH protocol description (0 done; -3, -1003, -1005, -1007, -1008 may
go better next time; the others do not).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import Command, CommandKind, CommandResult, DeviceUser
from tenant_stack.punches.lines import printable
from tenant_stack.punches.pins import normal_pin
from tenant_stack.staff.enrollment_status import refresh_status

RETRY_CODES = frozenset({-3, -1003, -1005, -1007, -1008})
MOST_ATTEMPTS = 6
WORDS = {
    -1: "the clock did not understand the command",
    -3: "the clock could not read or write its memory",
    -10: "the clock does not know this PIN",
    -1001: "the clock is full",
    -1002: "the clock does not support this",
    -1003: "the clock ran out of time",
    -1004: "the data does not fit the clock's configuration",
    -1005: "the clock is busy",
    -1006: "the data is too long for the clock",
    -1007: "the clock ran out of memory",
}

QUEUE = sa.text("""
INSERT INTO device_commands (device_id, kind, payload, sync_id, enrollment_id)
VALUES (:device, :kind, CAST(:payload AS jsonb), :sync, :enrollment)
""")

# A newer wish for the same enrolment replaces one that the clock has not fetched yet.
DROP_OLDER = sa.text(
    "DELETE FROM device_commands WHERE device_id = :device AND enrollment_id = :enrollment AND state = 'queued'"
)

LEASE = sa.text("""
UPDATE device_commands SET state = 'sent', attempts = attempts + 1,
       leased_until = now() + make_interval(secs => CAST(:seconds AS integer))
WHERE id IN (
    SELECT id FROM device_commands
    WHERE device_id = :device AND state IN ('queued', 'sent') AND (leased_until IS NULL OR leased_until < now())
    ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
)
RETURNING id, kind, payload
""")

ANSWERED = sa.text("""
UPDATE device_commands c SET
    state = r.state, result_code = r.code, result_text = r.text,
    finished_at = CASE WHEN r.state = 'queued' THEN NULL ELSE now() END,
    leased_until = CASE WHEN r.state = 'queued' THEN now() + make_interval(secs => 30 * c.attempts) END
FROM (
    SELECT t.id, t.code, t.text,
           CASE WHEN t.code = 0 THEN 'done'
                WHEN t.retry AND k.attempts < CAST(:most AS integer) THEN 'queued' ELSE 'failed' END AS state
    FROM unnest(CAST(:ids AS bigint[]), CAST(:codes AS integer[]), CAST(:texts AS text[]), CAST(:retries AS boolean[]))
         AS t(id, code, text, retry)
    JOIN device_commands k ON k.id = t.id AND k.device_id = :device AND k.state IN ('queued', 'sent')
) r
WHERE c.id = r.id
RETURNING c.kind, c.state, c.result_code, c.sync_id, c.enrollment_id
""")

SETTLE = sa.text("""
UPDATE device_enrollments e SET status = r.status, message = r.message, updated_at = now(),
       confirmed_at = CASE WHEN r.status = 'enrolled' THEN now() ELSE e.confirmed_at END
FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:messages AS text[])) AS r(id, status, message)
WHERE e.id = r.id AND e.status <> 'removing'
RETURNING e.staff_id
""")

WRITTEN = sa.text("""
UPDATE device_enrollments SET status = 'enrolled', message = '', confirmed_at = now(), updated_at = now()
WHERE device_id = :device AND pin = ANY(CAST(:pins AS text[])) AND status <> 'removing'
RETURNING staff_id
""")
REMOVED = sa.text("""
DELETE FROM device_enrollments
WHERE device_id = :device AND pin = ANY(CAST(:pins AS text[])) AND status = 'removing'
RETURNING staff_id
""")


async def queue(
    session: AsyncSession,
    device_id: UUID,
    kind: CommandKind,
    *,
    user: DeviceUser | None = None,
    sync_id: UUID | None = None,
    enrollment_id: UUID | None = None,
) -> None:
    """Queue a command; the clock fetches it with its next poll."""
    if enrollment_id is not None:
        await session.execute(DROP_OLDER, {"device": device_id, "enrollment": enrollment_id})
    values = {
        "device": device_id,
        "kind": kind.value,
        "payload": json.dumps({"user": user.model_dump() if user else None}),
        "sync": sync_id,
        "enrollment": enrollment_id,
    }
    await session.execute(QUEUE, values)


async def lease(session: AsyncSession, device_id: UUID, *, most: int, seconds: int) -> list[Command]:
    """The next commands of a device, oldest first. Those that nobody answers for come again after ``seconds``."""
    rows = await session.execute(LEASE, {"device": device_id, "most": most, "seconds": seconds})
    return [
        Command(id=str(row.id), kind=CommandKind(row.kind), user=row.payload.get("user"))
        for row in sorted(rows, key=lambda row: row.id)
    ]


async def take_results(session: AsyncSession, device_id: UUID, results: Sequence[CommandResult]) -> set[UUID]:
    """Write down what the clock answered; returns the synchronisations that these commands belong to.

    Ids that are not ours, or were answered before, are ignored: clocks repeat themselves.
    """
    known = {int(result.id): result for result in results if result.id.isascii() and result.id.isdigit()}
    ids = sorted(known)
    values = {
        "device": device_id,
        "most": MOST_ATTEMPTS,
        "ids": ids,
        "codes": [known[each].code for each in ids],
        "texts": [printable(known[each].text) for each in ids],
        "retries": [known[each].code in RETRY_CODES for each in ids],
    }
    rows = list(await session.execute(ANSWERED, values))
    enrolled = [row for row in rows if row.enrollment_id and row.state != "queued"]
    if enrolled:
        staff = await session.scalars(
            SETTLE,
            {
                "ids": [row.enrollment_id for row in enrolled],
                "states": ["enrolled" if row.state == "done" else "failed" for row in enrolled],
                "messages": ["" if row.state == "done" else in_words(row.result_code) for row in enrolled],
            },
        )
        await refresh_status(session, [each for each in staff if each])
    return {row.sync_id for row in rows if row.sync_id}


async def settle_written(
    session: AsyncSession, device_id: UUID, written_pins: Sequence[str], removed_pins: Sequence[str]
) -> None:
    """People that a pull device was shown to have, and those it was shown to have no more."""
    touched: list[UUID | None] = []
    for statement, pins in ((WRITTEN, written_pins), (REMOVED, removed_pins)):
        if pins:
            normal = [normal_pin(pin) for pin in pins]
            touched.extend(await session.scalars(statement, {"device": device_id, "pins": normal}))
    await refresh_status(session, [each for each in touched if each])


def in_words(code: int) -> str:
    """A return code as a sentence for a person."""
    reason = WORDS.get(code, "the clock refused")
    return f"{reason[0].upper()}{reason[1:]} (code {code})"
