"""Anchors of organisations' audit chains: taken every minute and on demand, compared when somebody asks for proof."""

from __future__ import annotations

import asyncio
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.phase import Desired
from control_plane.ports.bundle import Ports
from control_plane.provisioning.stack_client import ask_stack, content_of
from control_plane.tables.operators import AuditAnchor
from control_plane.tables.organisations import Organisation
from foundation.contracts import control
from foundation.contracts.control import AuditAnchors, AuditHead, AuditReport
from foundation.database import Database
from foundation.errors import Problem
from foundation.logs import get_logger

AT_ONCE = 4
# A report of a long chain takes its time: some ten thousand lines a second.
VERIFY_SECONDS = 600.0
MOST_ANCHORS = 100_000


async def _ask(ports: Ports, slug: str, method: str, path: str, message: AuditAnchors | None = None) -> bytes:
    return content_of(await ask_stack(ports, slug, method, f"audit/{path}", message, timeout=VERIFY_SECONDS))


async def take_anchor(database: Database, ports: Ports, organisation_id: UUID, slug: str) -> AuditHead:
    """Remember the newest line of an organisation's chain; an anchor of the same line stays."""
    head = AuditHead.model_validate_json(await _ask(ports, slug, "GET", "head"))
    if head.newest is not None:
        async with database.transaction() as session:
            await session.execute(
                insert(AuditAnchor)
                .values(organisation_id=organisation_id, number=head.newest.number, hash=head.newest.hash)
                .on_conflict_do_nothing()
            )
    return head


async def take_all(database: Database, ports: Ports) -> int:
    """Anchor every running organisation; one that does not answer is tried again a minute later."""
    running = sa.select(Organisation.id, Organisation.slug).where(
        Organisation.desired != Desired.ERASED, Organisation.first_active_at.is_not(None)
    )
    async with database.transaction() as session:
        rows = [(row[0], row[1]) for row in await session.execute(running)]
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(organisation_id: UUID, slug: str) -> int:
        async with limit:
            try:
                await take_anchor(database, ports, organisation_id, slug)
            except Problem as problem:
                get_logger().warning("audit.not_anchored", organisation=slug, reason=problem.detail)
                return 0
            return 1

    return sum(await asyncio.gather(*(one(*row) for row in rows)))


async def verify(session: AsyncSession, ports: Ports, organisation: Organisation) -> AuditReport:
    """The organisation's chain, compared with all that is remembered of it."""
    rows = await session.scalars(
        sa.select(AuditAnchor)
        .where(AuditAnchor.organisation_id == organisation.id)
        .order_by(AuditAnchor.number.desc())
        .limit(MOST_ANCHORS)
    )
    anchors = [control.AuditAnchor(number=row.number, hash=row.hash) for row in reversed(list(rows))]
    return AuditReport.model_validate_json(
        await _ask(ports, organisation.slug, "POST", "verify", AuditAnchors(anchors=anchors))
    )
