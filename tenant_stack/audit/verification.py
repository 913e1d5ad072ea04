"""Checking the chain, line by line: the first number that is not as it was, and how."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.control import AuditAnchor, AuditReport
from tenant_stack.audit.chain import GENESIS, Notary, count_waiting, link_hash, seal_holds
from tenant_stack.tables.audit import AuditLink, AuditWaiting
from tenant_stack.tables.base import AuditEntry

PAGE = 1000


async def verify(session: AsyncSession, notary: Notary, anchors: Sequence[AuditAnchor] = ()) -> AuditReport:
    """Compare every line with its link, every link with its seal and the one before, and the chain with its anchors."""
    # One view of all tables: lines that are chained meanwhile must not look like strays.
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    keys = await notary.public_keys()
    seen = {anchor.number: anchor.hash for anchor in anchors}
    waiting = await count_waiting(session)
    number, previous, agreed = 0, GENESIS, 0

    def broken(at: int, problem: str) -> AuditReport:
        return AuditReport(
            intact=False, checked=number, anchors=agreed, waiting=waiting, broken_number=at, problem=problem
        )

    while True:
        rows = await session.execute(
            sa.select(AuditLink, AuditEntry)
            .outerjoin(AuditEntry, AuditEntry.id == AuditLink.entry_id)
            .where(AuditLink.number > number)
            .order_by(AuditLink.number)
            .limit(PAGE)
            .execution_options(populate_existing=True)
        )
        page = rows.all()
        for link, entry in page:
            expected = number + 1
            if link.number != expected:
                return broken(expected, f"Line {expected} is missing from the chain")
            if entry is None:
                return broken(expected, f"Line {expected} was removed from the trail")
            digest = link_hash(expected, previous, entry)
            if digest != link.hash:
                return broken(expected, f"Line {expected} is not what it was when it was chained")
            if not seal_holds(notary.organisation, link, keys):
                return broken(expected, f"The seal of line {expected} is not of this organisation's key")
            if expected in seen:
                if seen[expected] != digest.hex():
                    return broken(expected, f"Line {expected} is not the one that the control plane remembers")
                agreed += 1
            number, previous = expected, digest
        session.expunge_all()
        if len(page) < PAGE:
            break
    if seen and max(seen) > number:
        return broken(number + 1, f"Lines {number + 1} to {max(seen)} were cut off the end")
    if strays := await _strays(session):
        return AuditReport(
            intact=False,
            checked=number,
            anchors=agreed,
            waiting=waiting,
            broken_number=number + 1,
            problem=f"{strays} lines stand in the trail that were never chained",
        )
    return AuditReport(intact=True, checked=number, anchors=agreed, waiting=waiting)


async def _strays(session: AsyncSession) -> int:
    """Lines that are neither chained nor waiting: written past the database's own trigger."""
    query = (
        sa.select(sa.func.count())
        .select_from(AuditEntry)
        .outerjoin(AuditLink, AuditLink.entry_id == AuditEntry.id)
        .outerjoin(AuditWaiting, AuditWaiting.entry_id == AuditEntry.id)
        .where(AuditLink.entry_id.is_(None), AuditWaiting.entry_id.is_(None))
    )
    return await session.scalar(query) or 0
