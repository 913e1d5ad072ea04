"""Applies the command results of a push device in every room that they concern."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import CommandKind, CommandResult
from tenant_stack.biometrics import captures, distribution
from tenant_stack.devices import completeness, log_clearing
from tenant_stack.devices.syncs import settle_push_syncs
from tenant_stack.people.enrollments.answered_commands import take_answers


async def record_command_results(
    session: AsyncSession, device_id: UUID, results: Sequence[CommandResult]
) -> list[UUID]:
    """Record the results and apply them to people, templates, checks and syncs; returns the captures that changed."""
    changed: list[UUID] = []
    answered = await take_answers(session, device_id, results)
    await distribution.record_command_results(session, device_id)
    if any(each.kind is CommandKind.ENROLL for each in answered):
        changed.extend(await captures.update_open_captures(session))
    await completeness.take_answers(session, device_id, answered)
    await log_clearing.take_answers(session, device_id, answered)
    await settle_push_syncs(session, {each.sync_id for each in answered if each.sync_id})
    return changed
