"""Background work on templates: distribution, periods, the key, enrolments at pull clocks."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

import httpx
from pydantic import ValidationError

from foundation.audit import SYSTEM
from foundation.contracts.bridge import ActionResult, TerminalAction
from foundation.database import Database
from foundation.errors import Unavailable
from foundation.logs import get_logger
from tenant_stack.biometrics import captures, maintenance
from tenant_stack.biometrics.capture_events import publish_enrolments
from tenant_stack.biometrics.consent import activate
from tenant_stack.biometrics.distribution import distribute, settle
from tenant_stack.biometrics.service import read_settings
from tenant_stack.biometrics.template_encryption import Sealer
from tenant_stack.devices.tasks import refresh_terminals
from tenant_stack.job_context import JobContext
from tenant_stack.tables.biometrics import BiometricTemplate


class SealingContext(Protocol):
    """The part of the worker's context that work on the key needs."""

    database: Database
    sealer: Sealer


async def distribute_everything(context: JobContext) -> None:
    """Find differences that nothing announced: new people on clocks, raised trust, answers of clocks."""
    async with context.database.transaction() as session:
        await settle(session)
        await activate(session, SYSTEM)
        pull = await distribute(session)
    if pull:
        await refresh_terminals(context)


async def follow_enrolments(context: JobContext) -> None:
    """Move enrolments on by time and by what clocks answered; send out those that wait for the bridge."""
    async with context.database.transaction() as session:
        touched = await captures.advance(session)
        waiting = await captures.due_at_pull_clocks(session)
    await publish_enrolments(context.valkey, [*touched, *waiting])
    for session_id in waiting:
        await context.queue.send("enrolment.start", session_id=str(session_id))


async def start_at_pull_clock(context: JobContext, session_id: UUID) -> None:
    """Ask the bridge to take a finger at a pull clock; it reports the steps by itself."""
    async with context.database.transaction() as session:
        found = await captures.target_of(session, session_id)
    if found is None:
        return
    serial, target, seconds = found
    action = TerminalAction(action="enroll", target=target, enrolment=str(session_id), seconds=seconds)
    failure = await _act(context.bridge, serial, action, seconds + 60.0)
    if failure is None:
        return
    async with context.database.transaction() as session:
        changed = await captures.fail(session, session_id, failure)
    if changed:
        await publish_enrolments(context.valkey, [session_id])


async def cancel_at_pull_clock(context: JobContext, session_id: UUID) -> None:
    """Tell the bridge to stop; a clock that cannot be reached stops by itself at its time limit."""
    async with context.database.transaction() as session:
        found = await captures.target_of(session, session_id, still_open=False)
    if found is not None:
        serial, target, _ = found
        action = TerminalAction(action="cancel_enroll", target=target, enrolment=str(session_id))
        await _act(context.bridge, serial, action, 30.0)


async def _act(bridge: httpx.AsyncClient, serial: str, action: TerminalAction, seconds: float) -> str | None:
    """Why the bridge did not do it, None when it did."""
    try:
        answer = await bridge.post(
            f"/internal/terminals/{serial}/act",
            content=action.model_dump_json(),
            timeout=seconds,
            headers={"content-type": "application/json"},
        )
    except httpx.HTTPError:
        return "The device bridge does not answer"
    try:
        if answer.status_code == 200:
            result = ActionResult.model_validate_json(answer.content)
            return None if result.done else result.message or "The clock did not take the finger"
        return str(answer.json().get("detail") or f"The device bridge answered {answer.status_code}")[:300]
    except (ValueError, ValidationError, AttributeError):
        return "The device bridge answered something unreadable"


async def keep_up(context: SealingContext) -> None:
    """Periods, adoption, the key's age and its renewal. Without the key store, the next round does it."""
    async with context.database.transaction() as session:
        settings = await read_settings(session)
        await maintenance.keep_periods(session, settings)
    try:
        async with context.database.transaction() as session:
            adopted = await maintenance.adopt(session, context.sealer)
            if adopted:
                await activate(session, SYSTEM)
        async with context.database.transaction() as session:
            await maintenance.rotate_if_old(session, context.sealer, settings)
        await renew(context)
    except Unavailable as error:
        get_logger().warning("biometrics.upkeep_waits", reason=error.code)


async def renew(context: SealingContext) -> None:
    """Bring everything to the newest version of the key, batch by batch, then retire the old ones.

    Killed at any point, it goes on where it was: each batch is a transaction, and a row names its version.
    """
    versions = await context.sealer.versions()
    if versions is None:
        return
    while True:
        async with context.database.transaction() as session:
            count = await maintenance.rewrap_some(session, context.sealer, versions.latest)
        if count == 0:
            break
    async with context.database.transaction() as session:
        await maintenance.retire_old_versions(session, context.sealer)


async def verify_everything(context: SealingContext) -> None:
    """Does each template still decrypt in its row? What does not raises the alert."""
    last: BiometricTemplate | None = None
    try:
        while True:
            async with context.database.transaction() as session:
                last = await maintenance.verify_some(session, context.sealer, last)
            if last is None:
                return
    except Unavailable as error:
        get_logger().warning("biometrics.verify_waits", reason=error.code)
