"""Alerts: opened and closed by facts, acknowledged by people.

The watch compares what is the matter now with what is open, and writes the difference. An opened alert is announced
as the event ``alert.opened`` in the same transaction: who wants to be told elsewhere subscribes to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.clock import utc_now
from foundation.errors import Conflict, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.devices.alerts.facts import FACTS, TITLES
from tenant_stack.devices.schemas import AlertCounts, AlertView
from tenant_stack.tables.base import audited
from tenant_stack.tables.devices import Alert, Device
from tenant_stack.views import view_of
from tenant_stack.webhook_events import announce

OPENED = "alert.opened"
# Other rooms open alerts of other kinds, which are over when somebody has taken them up.
WATCHED = frozenset(fact.kind for fact in FACTS)
GAP_SECONDS = 60

# One watch at a time; a gap means that we were away, not the clocks.
WATCH = sa.text("""
INSERT INTO alert_watch (id) VALUES (1)
ON CONFLICT (id) DO UPDATE SET looked_at = now(),
    running_since = CASE WHEN alert_watch.looked_at < now() - make_interval(secs => CAST(:gap AS integer))
                         THEN now() ELSE alert_watch.running_since END
RETURNING EXTRACT(epoch FROM now() - running_since)
""")
# What came back within a day continues the alert that it was, and counts; somebody's acknowledgement is over.
REOPEN = sa.text("""
UPDATE alerts SET closed_at = NULL, times = times + 1, last_at = now(), severity = :severity, text = :text,
       acknowledged_at = NULL, acknowledged_by = NULL, note = ''
WHERE id = (SELECT id FROM alerts WHERE kind = :kind AND device_id = CAST(:device AS uuid)
            AND closed_at > now() - interval '1 day' ORDER BY closed_at DESC LIMIT 1)
RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Found:
    """Something that is the matter now."""

    kind: str
    device_id: UUID
    severity: str
    text: str


async def watch(session: AsyncSession) -> bool:
    """Open and close alerts by what is the matter now; tells whether anything changed."""
    watched = float(await session.scalar(WATCH, {"gap": GAP_SECONDS}) or 0)
    found = await _facts(session, watched)
    open_now = {
        (alert.kind, alert.device_id): alert
        for alert in await session.scalars(
            sa.select(Alert).where(Alert.closed_at.is_(None), Alert.kind.in_(WATCHED)).with_for_update()
        )
    }
    changed = False
    for key, each in found.items():
        alert = open_now.pop(key, None)
        if alert is None:
            await _open(session, each)
            changed = True
        elif (alert.text, alert.severity) != (each.text, each.severity):
            alert.text, alert.severity, alert.last_at = each.text, each.severity, utc_now()
    for alert in open_now.values():
        if alert.kind == "offline" and watched < GAP_SECONDS * 10 and not await _seen_since(session, alert):
            # We have been away ourselves, and cannot say yet whether the clock is back.
            continue
        alert.closed_at = utc_now()
        changed = True
    await session.flush()
    return changed


async def _facts(session: AsyncSession, watched: float) -> dict[tuple[str, UUID | None], Found]:
    found: dict[tuple[str, UUID | None], Found] = {}
    for fact in FACTS:
        values = {"watched": watched} if ":watched" in fact.find else {}
        for row in await session.execute(sa.text(fact.find), values):
            found[fact.kind, row.device_id] = Found(fact.kind, row.device_id, fact.severity(row), fact.words(row))
    return found


async def _seen_since(session: AsyncSession, alert: Alert) -> bool:
    seen = await session.scalar(sa.select(Device.last_seen_at).where(Device.id == alert.device_id))
    return seen is not None and seen > alert.opened_at


async def _open(session: AsyncSession, each: Found) -> None:
    values = {"kind": each.kind, "device": each.device_id, "severity": each.severity, "text": each.text}
    alert_id = await session.scalar(REOPEN, values)
    if alert_id is None:
        alert = Alert(kind=each.kind, device_id=each.device_id, severity=each.severity, text=each.text)
        session.add(alert)
        await session.flush()
        alert_id = alert.id
    facts: dict[str, object] = {"id": str(alert_id), "kind": each.kind, "severity": each.severity, "text": each.text}
    announce(session, OPENED, {**facts, "device_id": str(each.device_id)})


async def list_alerts(
    session: AsyncSession,
    page: PageRequest,
    *,
    closed: bool = False,
    severity: str | None = None,
    kind: str | None = None,
    device_id: UUID | None = None,
) -> Page[AlertView]:
    """Alerts, the newest first: those that are open, or those that are closed."""
    query = sa.select(Alert, Device.name, Device.device_serial).outerjoin(Device, Device.id == Alert.device_id)
    query = query.where(Alert.closed_at.is_not(None) if closed else Alert.closed_at.is_(None))
    if severity is not None:
        query = query.where(Alert.severity == severity)
    if kind is not None:
        query = query.where(Alert.kind == kind)
    if device_id is not None:
        query = query.where(Alert.device_id == device_id)
    order = [Alert.__table__.c.opened_at, Alert.__table__.c.id]
    rows, cursor, total = await paginate(session, query, page, order=order, descending=True)
    items = [_view(alert, name, serial) for alert, name, serial, *_ in rows]
    return Page(items=items, next_cursor=cursor, total=total)


def _view(alert: Alert, name: str | None, serial: str | None) -> AlertView:
    title = TITLES.get(alert.kind, alert.kind)
    return view_of(AlertView, alert, title=title, device_name=name, device_serial=serial)


async def count_alerts(session: AsyncSession) -> AlertCounts:
    """How many alerts are open, and how many of them nobody has acknowledged; for the badge."""
    row = (
        await session.execute(
            sa.select(
                sa.func.count(),
                sa.func.count().filter(Alert.acknowledged_at.is_(None)),
                sa.func.count().filter(Alert.acknowledged_at.is_(None), Alert.severity == "critical"),
            ).where(Alert.closed_at.is_(None))
        )
    ).one()
    return AlertCounts(open=row[0], unacknowledged=row[1], critical=row[2])


async def acknowledge(session: AsyncSession, actor: Actor, alert_id: UUID, note: str) -> AlertView:
    """Somebody has taken this up; it stays open until the fact is gone, if it is a fact. `Conflict` when it is over."""
    alert = await session.get(Alert, alert_id, with_for_update=True)
    if alert is None:
        raise NotFound("alert_not_found", "There is no such alert")
    if alert.closed_at is not None:
        raise Conflict("alert_closed", "This alert is over")
    alert.acknowledged_at, alert.acknowledged_by, alert.note = utc_now(), actor.label[:200], note
    if alert.kind not in WATCHED:
        alert.closed_at = utc_now()
    await session.flush()
    audited(session, actor, "alert.acknowledge", "alert", alert_id, after={"kind": alert.kind, "note": note})
    device = await session.get(Device, alert.device_id) if alert.device_id else None
    return _view(alert, device.name if device else None, device.device_serial if device else None)
