"""Reading pay lines and the people they are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tenant_stack.payroll import statements
from tenant_stack.payroll.lines import PayLine, Person


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose lines of which dates, both included. ``everything``: also of records that nobody approved.
    ``against``: only what differs from what batches have paid."""

    first: date
    last: date
    departments: tuple[str, ...] = ()
    sites: tuple[UUID, ...] = ()
    staff: tuple[UUID, ...] = ()
    everything: bool = False
    against: bool = False

    @property
    def people(self) -> dict[str, object]:
        """The parameters of the statements that choose people and periods."""
        return {
            "first": self.first,
            "last": self.last,
            "departments": list(self.departments) or None,
            "sites": list(self.sites) or None,
            "staff": list(self.staff) or None,
        }

    @property
    def values(self) -> dict[str, object]:
        return {**self.people, "everything": self.everything, "against": self.against}


@dataclass(frozen=True, slots=True)
class Counts:
    """How ready a period is. ``doubts`` are active anomalies, ``computing`` days being computed."""

    approved: int
    unapproved: int
    unapproved_people: int
    conflicts: int
    people: int
    computing: int
    doubts: int


async def read_lines(session: AsyncSession, scope: Scope, *, daily: bool) -> list[PayLine]:
    """Lines by employee number."""
    await session.execute(statements.ROOM)
    if scope.against:
        return _lines(await session.execute(statements.READ, {**scope.values, "daily": daily}))
    values = {**scope.people, "everything": scope.everything, "daily": daily}
    return _lines(await session.execute(statements.PLAIN, values))


async def pay(session: AsyncSession, scope: Scope, batch_id: UUID) -> int:
    """Enter everything not paid yet into the ledger under a batch; returns of how many days."""
    await session.execute(statements.ROOM)
    result = await session.execute(statements.PAY, {**scope.values, "batch": batch_id})
    return int(getattr(result, "rowcount", 0))


async def read_paid_by(session: AsyncSession, scope: Scope, batch_id: UUID, *, daily: bool) -> list[PayLine]:
    """What a batch has just entered into the ledger, with what was paid before it."""
    values = {**scope.people, "batch": batch_id, "daily": daily}
    return _lines(await session.execute(statements.PAID_BY, values))


def _lines(rows: Iterable[Any]) -> list[PayLine]:
    return [PayLine(*row) for row in rows]


async def read_people(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Person]:
    """People by id."""
    rows = await session.execute(statements.WHO, {"ids": list(dict.fromkeys(ids))})
    return {row[0]: Person(row[0], *(each or "" for each in row[1:])) for row in rows}


async def count_records(session: AsyncSession, scope: Scope) -> Counts:
    """How ready the records are."""
    return Counts(*(await session.execute(statements.COUNTS, scope.people)).one())


async def days_in(session: AsyncSession, scope: Scope) -> int:
    """About how much work an export is: records in its dates, for all people."""
    query = sa.text("SELECT count(*) FROM attendance_records WHERE work_date BETWEEN :first AND :last")
    return int(await session.scalar(query, {"first": scope.first, "last": scope.last}) or 0)
