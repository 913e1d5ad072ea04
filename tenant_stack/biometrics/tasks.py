"""Background tasks for templates: distribution, retention, the key, captures at pull devices."""

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
from tenant_stack.biometrics.capture_events import publish_captures
from tenant_stack.biometrics.consent import activate_templates
from tenant_stack.biometrics.distribution import distribute, record_command_results
from tenant_stack.biometrics.service import read_settings
from tenant_stack.biometrics.template_encryption import TemplateCipher
from tenant_stack.devices.tasks import refresh_terminals
from tenant_stack.job_context import JobContext
from tenant_stack.tables.biometrics import BiometricTemplate


class CipherContext(Protocol):
    """The part of the worker's context that tasks on the key need."""

    database: Database
    cipher: TemplateCipher


async def distribute_templates(context: JobContext) -> None:
    """Find differences that no event announced: newly enrolled people, raised trust, command results."""
    async with context.database.transaction() as session:
        await record_command_results(session)
        await activate_templates(session, SYSTEM)
        pull = await distribute(session)
    if pull:
        await refresh_terminals(context)


async def update_captures(context: JobContext) -> None:
    """Apply time limits and command results to captures; send those that the bridge has to start."""
    async with context.database.transaction() as session:
        touched = await captures.update_open_captures(session)
        waiting = await captures.lease_pull_captures(session)
    await publish_captures(context.valkey, [*touched, *waiting])
    for session_id in waiting:
        await context.queue.send("capture.start", session_id=str(session_id))


async def start_pull_capture(context: JobContext, session_id: UUID) -> None:
    """Ask the bridge to capture a finger at a pull device; it reports the steps by itself."""
    async with context.database.transaction() as session:
        found = await captures.read_pull_target(session, session_id)
    if found is None:
        return
    serial, target, seconds = found
    action = TerminalAction(action="enroll", target=target, enrolment=str(session_id), seconds=seconds)
    failure = await _request_action(context.bridge, serial, action, seconds + 60.0)
    if failure is None:
        return
    async with context.database.transaction() as session:
        changed = await captures.fail_capture(session, session_id, failure)
    if changed:
        await publish_captures(context.valkey, [session_id])


async def cancel_pull_capture(context: JobContext, session_id: UUID) -> None:
    """Ask the bridge to cancel; a device that cannot be reached stops at its time limit."""
    async with context.database.transaction() as session:
        found = await captures.read_pull_target(session, session_id, still_open=False)
    if found is not None:
        serial, target, _ = found
        action = TerminalAction(action="cancel_enroll", target=target, enrolment=str(session_id))
        await _request_action(context.bridge, serial, action, 30.0)


async def _request_action(bridge: httpx.AsyncClient, serial: str, action: TerminalAction, seconds: float) -> str | None:
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


async def maintain_templates(context: CipherContext) -> None:
    """Retention, owners of unknown PINs, rotation and rewrapping. Without the key store the next round does it."""
    async with context.database.transaction() as session:
        settings = await read_settings(session)
        await maintenance.erase_expired(session, settings)
    try:
        async with context.database.transaction() as session:
            adopted = await maintenance.assign_found_owners(session, context.cipher)
            if adopted:
                await activate_templates(session, SYSTEM)
        async with context.database.transaction() as session:
            await maintenance.rotate_expired_key(session, context.cipher, settings)
        await rewrap_templates(context)
    except Unavailable as error:
        get_logger().warning("biometrics.maintenance_waits", reason=error.code)


async def rewrap_templates(context: CipherContext) -> None:
    """Rewrap everything under the newest version of the key, batch by batch, then retire the old versions.

    It can be interrupted at any point: each batch is a transaction, and a row names its version.
    """
    versions = await context.cipher.versions()
    if versions is None:
        return
    while True:
        async with context.database.transaction() as session:
            count = await maintenance.rewrap_batch(session, context.cipher, versions.latest)
        if count == 0:
            break
    async with context.database.transaction() as session:
        await maintenance.retire_old_versions(session, context.cipher)


async def verify_templates(context: CipherContext) -> None:
    """Check that each template still decrypts in its row; those that do not raise an alert."""
    last: BiometricTemplate | None = None
    try:
        while True:
            async with context.database.transaction() as session:
                last = await maintenance.verify_batch(session, context.cipher, last)
            if last is None:
                return
    except Unavailable as error:
        get_logger().warning("biometrics.verify_waits", reason=error.code)
