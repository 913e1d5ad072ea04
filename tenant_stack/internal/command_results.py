"""Everything that follows from a push clock's answers to commands, room by room."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import CommandKind, CommandResult
from tenant_stack.biometrics import captures, distribution
from tenant_stack.devices import completeness, log_clearing
from tenant_stack.devices.syncs import settle_push_syncs
from tenant_stack.people.enrollments.answered_commands import take_answers


async def settle_answers(session: AsyncSession, device_id: UUID, results: Sequence[CommandResult]) -> list[UUID]:
    """Record the answers and what they change for people, templates, checks and syncs; returns captures that moved."""
    moved: list[UUID] = []
    answered = await take_answers(session, device_id, results)
    await distribution.settle(session, device_id)
    if any(each.kind is CommandKind.ENROLL for each in answered):
        moved.extend(await captures.advance(session))
    await completeness.take_answers(session, device_id, answered)
    await log_clearing.take_answers(session, device_id, answered)
    await settle_push_syncs(session, {each.sync_id for each in answered if each.sync_id})
    return moved
