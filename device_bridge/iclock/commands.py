"""Handing queued commands to a push clock, and its answers back."""

from __future__ import annotations

from datetime import datetime

from device_bridge.backend import Backend
from device_bridge.iclock import render
from device_bridge.iclock.parse import Outcome
from device_bridge.messages import clock_user
from foundation.contracts.bridge import Command, CommandKind, CommandLease, CommandResult, CommandResults

PARAMETER_ERROR = -1


async def lines_for(backend: Backend, serial: str, source_address: str, at: datetime, info: dict[str, str]) -> str:
    """The answer to a poll: the next commands, or ``OK``.

    A command that cannot be said to a clock is answered to the back end as failed, instead of being leased for ever.
    """
    leased = await backend.lease(CommandLease(serial=serial, source_address=source_address, at=at, info=info))
    lines: list[str] = []
    failed: list[Outcome] = []
    for queued in leased.commands:
        try:
            lines.append(render.command(queued.id, _text(queued)))
        except ValueError as error:
            failed.append(Outcome(queued.id, PARAMETER_ERROR, str(error)))
    if failed:
        await report(backend, serial, source_address, at, failed)
    return "\n".join(lines) + "\n" if lines else "OK\n"


async def report(backend: Backend, serial: str, source_address: str, at: datetime, outcomes: list[Outcome]) -> None:
    """Pass on what a clock answered."""
    results = [CommandResult(id=item.id, code=item.code, text=item.text[:512]) for item in outcomes]
    await backend.results(CommandResults(serial=serial, source_address=source_address, at=at, results=results))


def _text(queued: Command) -> str:
    match queued.kind:
        case CommandKind.USER_UPDATE if queued.user is not None:
            return render.user_update(clock_user(queued.user))
        case CommandKind.USER_DELETE if queued.user is not None:
            return render.user_delete(queued.user.pin)
        case CommandKind.QUERY_PUNCHES:
            return render.query_punches(queued.since, queued.until)
        case CommandKind.CHECK:
            return render.CHECK
        case CommandKind.INFO:
            return render.INFO
        case CommandKind.REBOOT:
            return render.REBOOT
    raise ValueError("The command names no person")
