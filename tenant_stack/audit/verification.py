"""Verification of the audit chain, line by line: the first line that was altered, and how."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.control import AuditAnchor, AuditReport
from tenant_stack.audit.chain import GENESIS, ChainSigner, count_waiting, link_hash, verify_seal
from tenant_stack.tables.audit import AuditLink, AuditWaiting
from tenant_stack.tables.base import AuditEntry

PAGE = 1000


async def verify_chain(session: AsyncSession, signer: ChainSigner, anchors: Sequence[AuditAnchor] = ()) -> AuditReport:
    """Compare every line with its link, every link with its seal and the one before, and the chain with its anchors."""
    # One snapshot of all tables: lines that are chained meanwhile must not look like unchained ones.
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    keys = await signer.public_keys()
    anchored = {anchor.number: anchor.hash for anchor in anchors}
    waiting = await count_waiting(session)
    checked, matched, previous = 0, 0, GENESIS

    def report(problem: str = "") -> AuditReport:
        return AuditReport(
            intact=not problem,
            checked=checked,
            anchors=matched,
            waiting=waiting,
            broken_number=checked + 1 if problem else None,
            problem=problem,
        )

    while True:
        rows = await session.execute(
            sa.select(AuditLink, AuditEntry)
            .outerjoin(AuditEntry, AuditEntry.id == AuditLink.entry_id)
            .where(AuditLink.number > checked)
            .order_by(AuditLink.number)
            .limit(PAGE)
            .execution_options(populate_existing=True)
        )
        page = rows.all()
        for link, entry in page:
            number = checked + 1
            if link.number != number:
                return report(f"Line {number} is missing from the chain")
            if entry is None:
                return report(f"Line {number} was removed from the trail")
            previous = link_hash(number, previous, entry)
            if previous != link.hash:
                return report(f"Line {number} is not what it was when it was chained")
            if not verify_seal(signer.organisation, link, keys):
                return report(f"The seal of line {number} is not of this organisation's key")
            if anchored.get(number, link.hash.hex()) != link.hash.hex():
                return report(f"Line {number} is not the one that the control plane remembers")
            checked, matched = number, matched + (number in anchored)
        session.expunge_all()
        if len(page) < PAGE:
            break
    if anchored and max(anchored) > checked:
        return report(f"Lines {checked + 1} to {max(anchored)} were cut off the end")
    if unchained := await _count_unchained(session):
        return report(f"{unchained} lines stand in the trail that were never chained")
    return report()


async def _count_unchained(session: AsyncSession) -> int:
    """Lines that are neither chained nor waiting: written without the database's trigger."""
    query = (
        sa.select(sa.func.count())
        .select_from(AuditEntry)
        .outerjoin(AuditLink, AuditLink.entry_id == AuditEntry.id)
        .outerjoin(AuditWaiting, AuditWaiting.entry_id == AuditEntry.id)
        .where(AuditLink.entry_id.is_(None), AuditWaiting.entry_id.is_(None))
    )
    return await session.scalar(query) or 0
