"""Filter of live events: everything, or the people and devices of the user's part of the organisation."""

from __future__ import annotations

import json

import sqlalchemy as sa

from foundation.database import Database
from foundation.sign_in.principal import Principal
from tenant_stack.access.scope import clocks_within, people_within, scope_of
from tenant_stack.tables.devices import Device
from tenant_stack.tables.staff import Staff


class EventFilter:
    """Refreshed every few seconds together with the session; without limits it costs no query."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._people: frozenset[str] | None = None
        self._clocks: frozenset[str] | None = None

    async def refresh(self, caller: Principal) -> None:
        """Read the caller's limits as they are now."""
        scope = scope_of(caller)
        if scope.everything:
            self._people = self._clocks = None
            return
        async with self._database.transaction() as session:
            people = await session.scalars(sa.select(Staff.id).where(people_within(scope)))
            clocks = await session.scalars(sa.select(Device.id).where(clocks_within(scope)))
            self._people = frozenset(str(each) for each in people)
            self._clocks = frozenset(str(each) for each in clocks)

    def allows(self, message: str) -> bool:
        """May this page receive the event? Events without person and device go to unlimited callers only."""
        if self._people is None or self._clocks is None:
            return True
        event = json.loads(message)
        kind = event.get("type")
        about = event.get(kind) if isinstance(event.get(kind), dict) else event
        if about.get("staff_id") is not None:
            return str(about["staff_id"]) in self._people
        clock = about.get("device_id") or (about.get("id") if kind == "device" else None)
        return clock is not None and str(clock) in self._clocks
