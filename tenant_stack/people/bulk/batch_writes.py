"""Writing what a file changes: whole batches in one statement each, a line of the trail for every person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import unique
from foundation.logs import correlation_id
from tenant_stack.people.bulk.row_checks import ENTERED, Change, Checked
from tenant_stack.people.enrollments.punch_owners import match_unknown
from tenant_stack.people.staff.service import CONSTRAINTS, TOLD_TO_CLOCKS
from tenant_stack.pins import normal_pin
from tenant_stack.tables.base import audited
from tenant_stack.tables.staff import Staff

BATCH = 2_000
DIALECT: sa.Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
TYPES = {name: Staff.__table__.c[name].type.compile(DIALECT).split("(")[0] for name in ENTERED}
ARRAYS = ", ".join(f"CAST(:{name} AS {sql_type}[])" for name, sql_type in TYPES.items())
COLUMNS = ", ".join(ENTERED)
# All names are constants of ours.
ADD = sa.text(
    f"INSERT INTO staff ({COLUMNS}) SELECT {COLUMNS} FROM unnest({ARRAYS}) AS t({COLUMNS}) "  # noqa: S608
    "RETURNING id, employee_id"
)
TOLD = f"ROW({', '.join('s.' + each for each in TOLD_TO_CLOCKS)})"
NOW_TOLD = f"ROW({', '.join('t.' + each for each in TOLD_TO_CLOCKS)})"
CHANGE = sa.text(
    f"UPDATE staff s SET {', '.join(f'{name} = t.{name}' for name in ENTERED)}, updated_at = now(), "  # noqa: S608
    f"clock_facts_at = CASE WHEN {TOLD} IS DISTINCT FROM {NOW_TOLD} THEN now() ELSE s.clock_facts_at END "
    f"FROM unnest(CAST(:ids AS uuid[]), {ARRAYS}) AS t(id, {COLUMNS}) WHERE s.id = t.id"
)
# Badges that go from one person to another are free for a moment: each row is checked by itself.
FREE_BADGES = sa.text("UPDATE staff SET badge_number = NULL WHERE id = ANY(CAST(:ids AS uuid[]))")
TRAIL = sa.text("""
INSERT INTO audit_log (actor_kind, actor_id, actor_label, address, action, target_kind, target_id, before, after,
                       correlation_id)
SELECT :kind, :id, :label, :address, :action, 'staff', t.target_id, CAST(t.before AS jsonb), CAST(t.after AS jsonb),
       :correlation_id
FROM unnest(CAST(:targets AS text[]), CAST(:befores AS text[]), CAST(:afters AS text[]))
     WITH ORDINALITY AS t(target_id, before, after, nth)
ORDER BY t.nth
""")


async def write(session: AsyncSession, actor: Actor, checked: Checked, file_name: str) -> None:
    """Write the new and the changed; `Conflict` when somebody else has entered one of them in this very moment."""
    changed, new = checked.changed(), checked.new()
    moved = [each.id for each in changed if each.old_value("badge_number") != each.new_value("badge_number")]
    if moved:
        await session.execute(FREE_BADGES, {"ids": moved})
    for batch in _batches(changed):
        async with unique(session, **CONSTRAINTS):
            await session.execute(CHANGE, {"ids": [each.id for each in batch], **_arrays(batch)})
        await _trail(session, actor, "staff.update", [(str(each.id), each) for each in batch])
    for batch in _batches(new):
        async with unique(session, **CONSTRAINTS):
            rows = await session.execute(ADD, _arrays(batch))
            ids: dict[str, UUID] = {row.employee_id: row.id for row in rows}
        await _trail(
            session, actor, "staff.create", [(str(ids[each.new_value("employee_id")]), each) for each in batch]
        )
    facts: dict[str, object] = {
        "file": file_name[:200],
        "new": len(new),
        "changed": len(changed),
        "unchanged": checked.unchanged,
        "wrong": len(checked.wrong),
    }
    audited(session, actor, "staff.import", "staff", "import", after=facts)
    await session.flush()
    if pins := _pins(checked.changes):
        await match_unknown(session, pins)
    session.expire_all()


def _batches(changes: Sequence[Change]) -> list[Sequence[Change]]:
    return [changes[start : start + BATCH] for start in range(0, len(changes), BATCH)]


def _arrays(batch: Sequence[Change]) -> dict[str, object]:
    return {name: [each.after[place] for each in batch] for place, name in enumerate(ENTERED)}


async def _trail(session: AsyncSession, actor: Actor, action: str, rows: Sequence[tuple[str, Change]]) -> None:
    values = {
        "kind": actor.kind,
        "id": actor.id,
        "label": actor.label[:200],
        "address": actor.address[:64],
        "action": action,
        "correlation_id": correlation_id.get(),
        "targets": [target for target, _ in rows],
        "befores": [_shown(each.before) for _, each in rows],
        "afters": [_shown(each.after) for _, each in rows],
    }
    await session.execute(TRAIL, values)


def _shown(facts: tuple[Any, ...] | None) -> str | None:
    """What the trail shows of a person: all but the notes."""
    if facts is None:
        return None
    shown = dict(zip(ENTERED, facts, strict=True))
    del shown["notes"]
    return json.dumps({name: str(value) if isinstance(value, (date, UUID)) else value for name, value in shown.items()})


def _pins(changes: Sequence[Change]) -> list[str]:
    """Numbers under which clocks may have sent punches of these people already."""
    found: set[str] = set()
    for each in changes:
        if not each.new_value("active"):
            continue
        for name in ("employee_id", "badge_number"):
            came_back = each.old_value("active") is False
            if (number := each.new_value(name)) and (came_back or number != each.old_value(name)):
                found.add(normal_pin(number))
    return sorted(found)
