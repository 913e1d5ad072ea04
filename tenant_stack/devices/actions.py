"""What a person may have a clock do now. Push clocks fetch it as a command; pull clocks are told by the bridge.

For a pull clock the row in `device_commands` is the state as well (purpose ``act``): the worker carries it out once.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.clock import LOCAL_TIME_FORMAT, utc_now, zone
from foundation.contracts.bridge import CommandKind
from foundation.errors import Conflict, Invalid
from tenant_stack.devices.commands.queue import queue
from tenant_stack.devices.completeness import BEGINNING, CHECK, CLOSED, REREAD
from tenant_stack.devices.log_clearing import expected_on_clock, start_clearing
from tenant_stack.devices.schemas import ActionIn, ActionView
from tenant_stack.devices.syncs import request_sync
from tenant_stack.tables.base import audited
from tenant_stack.tables.devices import Device

ACT = "act"
ASK_PULL = sa.text("""
INSERT INTO device_commands (device_id, kind, purpose, requested_by, payload)
VALUES (:device, :kind, :purpose, :requester, jsonb_build_object('expected_count', CAST(:expected AS bigint)))
RETURNING id
""")
PUSH_KINDS = {
    "check": (CommandKind.CHECK, "The clock sends what is new with its next call"),
    "info": (CommandKind.INFO, "The clock tells about itself with its next call"),
    "reboot": (CommandKind.REBOOT, "The clock restarts with its next call"),
}
PULL_KINDS = {
    "reboot": ("restart", "The clock is restarted"),
    "set_time": ("set_time", "The clock's time is set to that of its site"),
    "clear_log": ("clear_log", "The clock's log is cleared if it still holds what was counted"),
}


async def act(session: AsyncSession, actor: Actor, device: Device, asked: ActionIn) -> ActionView:
    """Set an action going; audited. `Conflict` for a clock that waits, `Invalid` where it cannot be done."""
    if device.approved_at is None:
        raise Conflict("device_waiting", "Approve this clock first")
    if asked.action == "clear_log" and asked.confirm_serial != device.device_serial:
        raise Invalid("serial_differs", "Enter the clock's serial to have its log cleared", field="confirm_serial")
    done = await (_push if device.connection == "push" else _pull)(session, actor, device, asked)
    audited(
        session,
        actor,
        f"device.{asked.action}",
        "device",
        device.id,
        after={"command_id": done.command_id, "sync_id": str(done.sync_id) if done.sync_id else None},
    )
    return done


async def _push(session: AsyncSession, actor: Actor, device: Device, asked: ActionIn) -> ActionView:
    if asked.action == "set_time":
        raise Invalid(
            "not_for_push", "A clock that calls us takes its time from our answers; it cannot be set", field="action"
        )
    if asked.action in PUSH_KINDS:
        kind, message = PUSH_KINDS[asked.action]
        command = await queue(session, device.id, kind, requested_by=actor.label)
    elif asked.action == "clear_log":
        message = "The clock counts its log; if every punch of it is here, it is cleared"
        command = await start_clearing(session, actor, device)
    else:
        until = (utc_now() - CLOSED).astimezone(zone(device.zone)).strftime(LOCAL_TIME_FORMAT)
        counting = asked.action == "verify"
        message = "The clock counts its log" if counting else "The clock sends its whole log again"
        command = await queue(
            session,
            device.id,
            CommandKind.VERIFY_PUNCHES if counting else CommandKind.QUERY_PUNCHES,
            since=BEGINNING,
            until=until,
            purpose=CHECK if counting else REREAD,
            requested_by=actor.label,
        )
    return ActionView(action=asked.action, message=message, command_id=str(command))


async def _pull(session: AsyncSession, actor: Actor, device: Device, asked: ActionIn) -> ActionView:
    if asked.action not in PULL_KINDS:
        full = asked.action == "read_all"
        sync = await request_sync(session, actor, device, kind="full" if full else "requested")
        message = "The clock's whole log is read" if full else "The clock is read"
        return ActionView(action=asked.action, message=message, sync_id=sync.id)
    kind, message = PULL_KINDS[asked.action]
    expected = await expected_on_clock(session, device) if asked.action == "clear_log" else None
    values = {
        "device": device.id,
        "kind": kind,
        "purpose": ACT,
        "requester": actor.label[:200],
        "expected": expected,
    }
    command = await session.scalar(ASK_PULL, values)
    return ActionView(action=asked.action, message=message, command_id=str(command))
