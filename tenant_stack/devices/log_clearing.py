"""Clearing a clock's log: only when a person asked, and only when every punch of it was counted to be here.

A push clock counts its log first; if the count agrees it is cleared at once, and counted again, so that the trail
shows both numbers. A pull clock is cleared by the bridge in one conversation, which checks the count itself.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import SYSTEM, Actor
from foundation.clock import LOCAL_TIME_FORMAT
from foundation.contracts.bridge import CommandKind
from foundation.errors import Conflict
from tenant_stack.devices import completeness
from tenant_stack.devices.commands.queue import queue
from tenant_stack.devices.commands.results import Answered
from tenant_stack.devices.completeness import BEGINNING, HELD_UNTIL, compared
from tenant_stack.tables.base import audited
from tenant_stack.tables.devices import Device

BEFORE, CLEAR, AFTER = "clear_before", "clear", "clear_after"
END = "2099-12-31 23:59:59"
SAY = sa.text(
    "UPDATE device_commands SET state = 'failed', result_text = :text, result_code = NULL WHERE id = :command"
)
COUNTED_BEFORE = sa.text("""
SELECT result_count FROM device_commands WHERE device_id = :device AND purpose = :before AND state = 'done'
ORDER BY id DESC LIMIT 1
""")


async def expected_on_clock(session: AsyncSession, device: Device) -> int:
    """How many lines a pull clock may hold for its log to be cleared; `Conflict` unless all of them are here."""
    row = await compared(session, device.id)
    if row is None or row.state != "equal" or row.on_clock is None:
        raise Conflict("not_complete", "It is not shown that every punch of this clock is here; synchronise it first")
    return row.on_clock


async def start_clearing(session: AsyncSession, actor: Actor, device: Device) -> int:
    """Have a push clock count its whole log; what follows depends on its answer. Returns the command's id."""
    row = await compared(session, device.id)
    if row is not None and row.state == "missing":
        raise Conflict("not_complete", "Punches of this clock are missing here; its log cannot be cleared")
    return await queue(
        session,
        device.id,
        CommandKind.VERIFY_PUNCHES,
        since=BEGINNING,
        until=END,
        purpose=BEFORE,
        requested_by=actor.label,
    )


async def take_answers(session: AsyncSession, device_id: UUID, answered: list[Answered]) -> None:
    """The next step of a clearing, for the answers that belong to one."""
    for each in answered:
        if each.outcome != "done":
            continue
        if each.purpose == BEFORE and each.kind is CommandKind.VERIFY_PUNCHES:
            await _counted(session, device_id, each)
        elif each.purpose == CLEAR:
            await queue(session, device_id, CommandKind.VERIFY_PUNCHES, since=BEGINNING, until=END, purpose=AFTER)
        elif each.purpose == AFTER:
            before = await session.scalar(COUNTED_BEFORE, {"device": device_id, "before": BEFORE})
            _trail(session, device_id, "device.log_cleared", before, each.count)
            await completeness.check_soon(session, device_id)


async def _counted(session: AsyncSession, device_id: UUID, each: Answered) -> None:
    values = {
        "device": device_id,
        "until": datetime.strptime(END, LOCAL_TIME_FORMAT),  # noqa: DTZ007 - a clock's wall time has no zone
        "until_text": END,
        "beginning": BEGINNING,
    }
    held = int(await session.scalar(HELD_UNTIL, values) or 0)
    row = await compared(session, device_id)
    explained = row.explained if row else 0
    if each.count is None or each.count != held + explained:
        said = "did not say how many punches it holds" if each.count is None else f"holds {each.count} punches"
        text = f"The clock {said}, {held} are here: its log was not cleared"
        await session.execute(SAY, {"command": each.id, "text": text})
        _trail(session, device_id, "device.log_kept", each.count, each.count)
        return
    await queue(session, device_id, CommandKind.CLEAR_LOG, purpose=CLEAR)


def _trail(session: AsyncSession, device_id: UUID, action: str, before: int | None, after: int | None) -> None:
    audited(session, SYSTEM, action, "device", device_id, after={"count_before": before, "count_after": after})
