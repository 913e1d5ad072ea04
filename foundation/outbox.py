"""The outbox: what must happen because of a change, written in the same transaction as the change.

A row outlives a lost queue message, a killed worker and a restart: the drain loop picks it up. Handlers may see a row
twice (a crash between the handler and the delete), so they are idempotent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field

from foundation.database import Database, Instant, Json, column, identity
from foundation.logs import get_logger

Handler = Callable[[AsyncSession, list[dict[str, object]]], Awaitable[None]]

MAX_RETRY_SECONDS = 300


class OutboxColumns:
    """Columns of a service's ``outbox`` table; ``due_at`` moves into the future when a handler failed."""

    id: int = identity(primary_key=True)
    topic: str = Field(max_length=80)
    payload: dict[str, object] = column(Json)
    attempts: int = column(server_default=sa.text("0"))
    last_error: str | None = column(sa.Text)
    due_at: datetime = column(Instant, server_default=sa.func.now(), index=True)
    created_at: datetime = column(Instant, server_default=sa.func.now())


def add(session: AsyncSession, table: type[Any], topic: str, payload: dict[str, object]) -> None:
    """Remember that ``topic`` must be handled with ``payload``, if this transaction commits."""
    session.add(table(topic=topic, payload=payload))


async def drain(database: Database, table: type[Any], handlers: Mapping[str, Handler], *, limit: int = 200) -> int:
    """Handle due rows, one topic at a time, and return how many were handled.

    Rows are locked with SKIP LOCKED, so several workers drain side by side. The handler gets all payloads of its topic
    in one call and works in the same transaction that deletes the rows: both happen or neither.
    """
    handled = 0
    for topic, handler in handlers.items():
        ids: list[int] = []
        try:
            async with database.transaction() as session:
                due = (
                    sa.select(table)
                    .where(table.topic == topic, table.due_at <= sa.func.now())
                    .order_by(table.id)
                    .limit(limit)
                    .with_for_update(skip_locked=True)
                )
                rows = list(await session.scalars(due))
                if not rows:
                    continue
                ids = [row.id for row in rows]
                await handler(session, [row.payload for row in rows])
                await session.execute(sa.delete(table).where(table.id.in_(ids)))
            handled += len(ids)
        except Exception as error:  # noqa: BLE001 - one topic's failure must not hold up the others; the rows stay and say why
            get_logger().error("outbox.failed", topic=topic, rows=len(ids), exc_info=True)
            await _postpone(database, table, ids, str(error))
    return handled


async def _postpone(database: Database, table: type[Any], ids: list[int], reason: str) -> None:
    if not ids:
        return
    async with database.transaction() as session:
        delays = sa.func.least(sa.func.power(2, table.attempts), MAX_RETRY_SECONDS)
        await session.execute(
            sa.update(table)
            .where(table.id.in_(ids))
            .values(
                attempts=table.attempts + 1,
                last_error=reason[:2000],
                due_at=sa.func.now() + sa.func.make_interval(0, 0, 0, 0, 0, 0, delays),
            )
        )
