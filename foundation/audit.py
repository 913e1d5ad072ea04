"""The audit trail: who changed what, on whose behalf, from where, in the same transaction as the change.

Rows are only ever inserted. ``before`` and ``after`` hold no secret: callers pass what a person may read.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field

from foundation.database import Instant, Json, column, identity
from foundation.logs import correlation_id


@dataclass(frozen=True)
class Actor:
    """Who acts: ``kind`` is ``user``, ``client``, ``device`` or ``system``; ``label`` is what people recognise."""

    kind: str
    id: str
    label: str
    address: str = ""


@dataclass
class RefusalBudget:
    """How many refusals of one caller are written down a minute: a loop of them must not flood the trail.

    Those above are counted in the program's log only.
    """

    per_minute: int = 30
    callers: int = 1000
    _seen: OrderedDict[str, tuple[int, int]] = field(default_factory=OrderedDict)

    def allows(self, caller: str) -> bool:
        minute = int(time.monotonic() // 60)
        last, count = self._seen.pop(caller, (minute, 0))
        count = count + 1 if last == minute else 1
        self._seen[caller] = (minute, count)
        while len(self._seen) > self.callers:
            self._seen.popitem(last=False)
        return count <= self.per_minute


SYSTEM = Actor("system", "system", "Punctual")


class AuditColumns:
    """Columns of a service's ``audit_log``. No foreign keys: the trail outlives what it speaks of."""

    id: int = identity(primary_key=True)
    at: datetime = column(Instant, server_default=sa.func.now())
    actor_kind: str = Field(max_length=16)
    actor_id: str = Field(max_length=80)
    actor_label: str = Field(max_length=200)
    address: str = column(server_default="", max_length=64)
    action: str = Field(max_length=80, index=True)
    target_kind: str = Field(max_length=40)
    target_id: str = Field(max_length=80, index=True)
    before: dict[str, object] | None = column(Json)
    after: dict[str, object] | None = column(Json)
    correlation_id: str = column(server_default="", max_length=64)


def record(
    session: AsyncSession,
    table: type[Any],
    actor: Actor,
    action: str,
    target_kind: str,
    target_id: object,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Write one line of the trail, e.g. ``record(session, AuditEntry, actor, "staff.update", "staff", id, …)``."""
    session.add(
        table(
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_label=actor.label[:200],
            address=actor.address[:64],
            action=action,
            target_kind=target_kind,
            target_id=str(target_id),
            before=before,
            after=after,
            correlation_id=correlation_id.get(),
        )
    )
