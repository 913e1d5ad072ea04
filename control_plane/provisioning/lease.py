"""The lease: while a worker holds an organisation, no other acts on it, and one that lost it can't write any more.

The token rises with every claim and every write carries it. It is neither an advisory lock (which dies with its
connection) nor a lock in a cache (which runs out silently).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.tables.organisations import Organisation
from foundation.database import Database


class LeaseLost(Exception):
    """Somebody else holds the organisation now: stop at once and write nothing."""


@dataclass(frozen=True)
class Lease:
    """One claim. ``scheduled`` is the next round's time as this claim left it; another value means that somebody asked
    for a round meanwhile."""

    organisation_id: UUID
    token: int
    seconds: float
    scheduled: datetime

    async def hold(self, session: AsyncSession, **values: object) -> None:
        """Renew inside this transaction and set ``values`` on the organisation; raises `LeaseLost`."""
        until = sa.func.now() + timedelta(seconds=self.seconds)
        renewed = await session.execute(
            sa.update(Organisation)
            .where(Organisation.id == self.organisation_id, Organisation.lease_token == self.token)
            .values({"updated_at": Organisation.updated_at, **values, "lease_until": until})
            .returning(Organisation.id)
        )
        if renewed.first() is None:
            raise LeaseLost(f"lease {self.token} of {self.organisation_id}")

    async def release(self, session: AsyncSession, delay: float, **values: object) -> None:
        """Give it back; the next round is ``delay`` seconds away unless somebody asked for an earlier one."""
        await self.hold(session, **values)
        untouched = Organisation.next_reconcile_at == self.scheduled
        later = sa.func.now() + timedelta(seconds=delay)
        await session.execute(
            sa.update(Organisation)
            .where(Organisation.id == self.organisation_id, Organisation.lease_token == self.token)
            .values(
                lease_until=None,
                next_reconcile_at=sa.case((untouched, later), else_=Organisation.next_reconcile_at),
                updated_at=Organisation.updated_at,
            )
        )


async def claim(database: Database, seconds: float) -> Lease | None:
    """The organisation that has waited longest, if one is due and free. One statement decides between two workers."""
    due = (
        sa.select(Organisation.id)
        .where(
            Organisation.next_reconcile_at <= sa.func.now(),
            sa.or_(Organisation.lease_until.is_(None), Organisation.lease_until < sa.func.now()),
        )
        .order_by(Organisation.next_reconcile_at, Organisation.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    until = sa.func.now() + timedelta(seconds=seconds)
    async with database.transaction() as session:
        row = (
            await session.execute(
                sa.update(Organisation)
                .where(Organisation.id == due)
                .values(
                    lease_token=Organisation.lease_token + 1,
                    lease_until=until,
                    next_reconcile_at=until,
                    updated_at=Organisation.updated_at,
                )
                .returning(Organisation.id, Organisation.lease_token, Organisation.next_reconcile_at)
            )
        ).first()
    return Lease(row[0], row[1], seconds, row[2]) if row else None
