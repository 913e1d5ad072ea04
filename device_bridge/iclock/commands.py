"""Handing queued commands to a push clock in the protocol that it speaks, and its answers back."""

from __future__ import annotations

from datetime import datetime

from device_bridge.backend import Backend
from device_bridge.iclock import access_render, render
from device_bridge.iclock.families import Family
from device_bridge.iclock.grants import Grants
from device_bridge.iclock.parse import Outcome
from device_bridge.messages import clock_user
from foundation.contracts.bridge import (
    Command,
    CommandKind,
    CommandLease,
    CommandResult,
    CommandResults,
    Contact,
    ContactKind,
)

PARAMETER_ERROR = -1


async def lines_for(
    backend: Backend,
    grants: Grants,
    serial: str,
    source_address: str,
    at: datetime,
    info: dict[str, str],
    family: Family,
) -> str:
    """The answer to a poll: the next commands, or ``OK``.

    A command that cannot be said to a clock is answered to the back end as failed, instead of being leased for ever.
    """
    leased = await backend.lease(CommandLease(serial=serial, source_address=source_address, at=at, info=info))
    lines: list[str] = []
    failed: list[Outcome] = []
    if family is Family.ACCESS:
        lines += [render.command(identifier, access_render.user_grant(pin)) for identifier, pin in grants.due(serial)]
    for queued in leased.commands:
        try:
            text = _text(queued) if family is Family.ATTENDANCE else _access_text(queued)
            lines.append(render.command(queued.id, text))
            if family is Family.ACCESS and queued.kind is CommandKind.USER_UPDATE and queued.user is not None:
                grants.begin(serial, queued.id, queued.user.pin)
        except ValueError as error:
            failed.append(Outcome(queued.id, PARAMETER_ERROR, str(error)))
    if failed:
        await _tell(backend, serial, source_address, at, failed)
    return "\n".join(lines) + "\n" if lines else "OK\n"


async def report(
    backend: Backend,
    grants: Grants,
    serial: str,
    source_address: str,
    at: datetime,
    outcomes: list[Outcome],
    family: Family,
) -> None:
    """Pass on what a clock answered."""
    if family is Family.ACCESS:
        outcomes = grants.settle(serial, [_counted(outcome) for outcome in outcomes])
    if outcomes:
        await _tell(backend, serial, source_address, at, outcomes)
    else:
        await backend.contact(
            Contact(serial=serial, kind=ContactKind.COMMAND, source_address=source_address, at=at, info={})
        )


async def _tell(backend: Backend, serial: str, source_address: str, at: datetime, outcomes: list[Outcome]) -> None:
    results = [CommandResult(id=item.id, code=item.code, text=item.text[:512]) for item in outcomes]
    await backend.results(CommandResults(serial=serial, source_address=source_address, at=at, results=results))


def _counted(outcome: Outcome) -> Outcome:
    """Access units answer a DATA command with how many rows it was about; that is success too."""
    if outcome.code > 0 and outcome.text.upper().startswith("DATA"):
        return Outcome(outcome.id, 0, f"{outcome.text} ({outcome.code} rows)")
    return outcome


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


def _access_text(queued: Command) -> str:
    match queued.kind:
        case CommandKind.USER_UPDATE if queued.user is not None:
            return access_render.user_update(clock_user(queued.user))
        case CommandKind.USER_DELETE if queued.user is not None:
            return access_render.user_delete(queued.user.pin)
        case CommandKind.QUERY_PUNCHES:
            return access_render.query_punches(queued.since, queued.until)
        case CommandKind.CHECK:
            return access_render.NEW_PUNCHES
        case CommandKind.INFO:
            return access_render.INFO
        case CommandKind.REBOOT:
            return access_render.REBOOT
    raise ValueError("The command names no person")
