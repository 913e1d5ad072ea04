"""The feed for payroll systems: records and corrections with their pay lines, exact, in a stable order.

The order is (date booked, id), which never changes for a record, so a page begins where the one before ended whatever
is inserted meanwhile. ``as_of`` is no later than the beginning of any change that has not committed yet: asking for
what changed since then misses nothing, and may show a little again.
"""

from __future__ import annotations

import base64
import json
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.errors import Invalid
from tenant_stack.payroll.lines import SECONDS
from tenant_stack.payroll.schemas import Feed, FeedItem, FeedLine
from tenant_stack.payroll.statements import OF_DELTA, OF_RECORD

AS_OF = sa.text("""
SELECT least(now(), coalesce((SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database()), now()))
""")

_LINES = """
(SELECT coalesce(jsonb_agg(jsonb_build_object('code', l.code, 'kind', l.kind, 'rate', trim_scale(l.rate)::text,
                                              'unit', l.unit, 'amount', l.amount) ORDER BY l.unit DESC, l.kind, l.code),
                 '[]') FROM ({lines}) l)
"""

PAGE = sa.text(f"""
WITH items AS (
    SELECT r.id, 'record' AS kind, r.staff_id, r.work_date, r.work_date AS booked_on, r.state,
           r.state IN ('approved', 'locked') AS payable, r.version, r.changed_at
    FROM attendance_records r
    WHERE r.work_date BETWEEN :first AND :last
      AND (r.state IN ('approved', 'locked') OR (CAST(:since AS timestamptz) IS NOT NULL AND r.snapshot IS NOT NULL))
      AND (CAST(:since AS timestamptz) IS NULL OR r.changed_at >= CAST(:since AS timestamptz))
      AND (CAST(:after_day AS date) IS NULL OR (r.work_date, r.id) > (CAST(:after_day AS date), CAST(:after AS uuid)))
    UNION ALL
    SELECT d.id, 'correction', d.staff_id, d.work_date, p.starts_on, p.state, true, 1, d.updated_at
    FROM attendance_deltas d JOIN attendance_periods p ON p.id = d.period_id
    WHERE p.starts_on >= :first AND p.ends_on <= :last
      AND (CAST(:since AS timestamptz) IS NULL OR d.updated_at >= CAST(:since AS timestamptz))
      AND (CAST(:after_day AS date) IS NULL OR (p.starts_on, d.id) > (CAST(:after_day AS date), CAST(:after AS uuid)))
    ORDER BY booked_on, id LIMIT :limit
)
SELECT i.id, i.kind, i.staff_id, s.employee_id, s.name, i.work_date, i.booked_on, i.state, i.payable, i.version,
       i.changed_at,
       CASE WHEN i.kind = 'record'
            THEN (SELECT {_LINES.format(lines=OF_RECORD)} FROM attendance_records r
                  LEFT JOIN leaves v ON v.staff_id = r.staff_id AND v.day = r.work_date AND v.kind = 'leave'
                  WHERE r.id = i.id)
            ELSE (SELECT {_LINES.format(lines=OF_DELTA)} FROM attendance_deltas d WHERE d.id = i.id) END AS lines
FROM items i JOIN staff s ON s.id = i.staff_id ORDER BY i.booked_on, i.id
""")  # noqa: S608 - constants only


async def read_feed(
    session: AsyncSession, first: date, last: date, since: datetime | None, limit: int, cursor: str | None
) -> Feed:
    """One page."""
    if last < first:
        raise Invalid("dates_reversed", "The last date lies before the first", field="to")
    if since is not None and since.tzinfo is None:
        raise Invalid("zone_missing", "Say the zone of the time, as in 2026-03-01T00:00:00Z", field="updated_since")
    as_of: datetime = (await session.execute(AS_OF)).scalar_one()
    after_day, after = _decoded(cursor)
    values = {
        "first": first,
        "last": last,
        "since": since,
        "after_day": after_day,
        "after": after,
        "limit": limit + 1,
    }
    rows = list((await session.execute(PAGE, values)).mappings())
    more, rows = len(rows) > limit, rows[:limit]
    items = [_item(row) for row in rows]
    next_cursor = _encoded(items[-1].booked_on, items[-1].id) if more else None
    return Feed(items=items, next_cursor=next_cursor, as_of=as_of)


def _item(row: RowMapping) -> FeedItem:
    lines = [
        FeedLine(
            code=each["code"],
            kind=each["kind"],
            rate=each["rate"],
            seconds=each["amount"] if each["unit"] == SECONDS else None,
            hundredths=None if each["unit"] == SECONDS else each["amount"],
        )
        for each in row["lines"]
    ]
    return FeedItem(**{name: row[name] for name in FeedItem.model_fields if name != "lines"}, lines=lines)


def _encoded(day: date, item_id: UUID) -> str:
    return base64.urlsafe_b64encode(json.dumps([day.isoformat(), str(item_id)]).encode()).decode().rstrip("=")


def _decoded(cursor: str | None) -> tuple[date | None, UUID | None]:
    if cursor is None:
        return None, None
    try:
        day, item_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return date.fromisoformat(day), UUID(item_id)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid("invalid_cursor", "The cursor is not one that this feed gave out", field="cursor") from error
