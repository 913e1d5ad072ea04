"""Live changes of organisations as server-sent events.

A message on Valkey is only a hint: what changed is read from PostgreSQL, now and then without any hint too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from control_plane.organisations.schemas import OrganisationOut
from control_plane.tables.organisations import Organisation
from foundation.database import Database
from foundation.errors import Problem
from foundation.valkey import Valkey

CHANNEL = "organisations"
REFRESH_SECONDS = 10.0


async def stream(
    database: Database,
    valkey: Valkey,
    describe: Callable[[Organisation], OrganisationOut],
    still_allowed: Callable[[], Awaitable[bool]],
    stopping: asyncio.Event,
) -> AsyncIterator[str]:
    """Frames of the event stream, until the caller goes away or may no longer listen, or the server ends."""
    sent: dict[UUID, str] = {}
    hints: asyncio.Queue[UUID | None] = asyncio.Queue(maxsize=1000)
    helpers = [asyncio.create_task(_listen(valkey, hints)), asyncio.create_task(_nudge(stopping, hints))]
    try:
        yield "retry: 2000\n\n"
        for frame in await _changed(database, describe, sent, None):
            yield frame
        while not stopping.is_set():
            only = await _next(hints)
            if only is None and not await _allowed(still_allowed):
                return
            frames = await _changed(database, describe, sent, only)
            for frame in frames:
                yield frame
            if only is None and not frames:
                yield ": still here\n\n"
    finally:
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)


async def _nudge(stopping: asyncio.Event, hints: asyncio.Queue[UUID | None]) -> None:
    """Wake the stream so that it sees the end."""
    await stopping.wait()
    await hints.put(None)


async def _listen(valkey: Valkey, hints: asyncio.Queue[UUID | None]) -> None:
    async for text in valkey.subscribe(CHANNEL):
        with contextlib.suppress(asyncio.QueueFull):  # the refresh finds what a full queue drops
            hints.put_nowait(UUID(json.loads(text)["id"]))


async def _next(hints: asyncio.Queue[UUID | None]) -> set[UUID] | None:
    """The organisations hinted at, together; None when it is time to look at all."""
    try:
        first = await asyncio.wait_for(hints.get(), REFRESH_SECONDS)
    except TimeoutError:
        return None
    found = {first}
    while not hints.empty():
        found.add(hints.get_nowait())
    return {each for each in found if each is not None}


async def _allowed(still_allowed: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await still_allowed()
    except Problem:
        return False


async def _changed(
    database: Database,
    describe: Callable[[Organisation], OrganisationOut],
    sent: dict[UUID, str],
    only: set[UUID] | None,
) -> list[str]:
    """Frames of the organisations that differ from what this caller was last sent."""
    query = sa.select(Organisation).options(selectinload(Organisation.steps)).order_by(Organisation.slug)
    if only is not None:
        query = query.where(Organisation.id.in_(only))
    async with database.transaction() as session:
        found = list(await session.scalars(query))
    frames = []
    for organisation in found:
        text = describe(organisation).model_dump_json()
        if sent.get(organisation.id) != text:
            sent[organisation.id] = text
            frames.append(f"data: {text}\n\n")
    return frames
