"""What the tests of records share: processing to the end, rosters put straight into the tables, records read back."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from foundation.database import Database
from tenant_stack.attendance.day_processor import process_batch
from tests.tenant_stack.actors import Api

ZONE = "Asia/Dubai"

SHIFT = {
    "start": 9 * 3600,
    "end": 18 * 3600,
    "before": 2 * 3600,
    "after": 4 * 3600,
}


async def process(database: Database, *, now: datetime | None = None, most: int = 2000) -> int:
    """Compute until nothing is marked; returns how many staff-days."""
    total = 0
    while True:
        async with database.transaction() as session:
            computed, _ = await process_batch(session, ZONE, most=most, now=now)
        if computed == 0:
            return total
        total += computed


async def run(database: Database, statement: str, **values: Any) -> list[Any]:
    async with database.transaction() as session:
        connection = await session.connection()
        result = await connection.execute(sa.text(statement), values)
        return list(result) if result.returns_rows else []


async def everybody_works(database: Database, **shift: Any) -> None:
    """The shift DAY, 09:00 to 18:00 unless said otherwise, for everybody without an assignment."""
    await run(
        database,
        "WITH s AS (INSERT INTO shifts (code, name) VALUES ('DAY', 'Day') RETURNING id) "
        "INSERT INTO shift_versions (shift_id, effective, definition) "
        "SELECT id, '-infinity', CAST(:definition AS jsonb) FROM s",
        definition=json.dumps({**SHIFT, **shift}),
    )
    await run(database, "INSERT INTO organisation_settings (key, value) VALUES ('default_shift', '\"DAY\"')")


async def rules(database: Database, definition: dict[str, Any]) -> None:
    """The organisation's rules."""
    await run(
        database,
        "INSERT INTO rule_set_versions (rule_set_id, effective, definition) "
        "SELECT id, '-infinity', CAST(:definition AS jsonb) FROM rule_sets WHERE is_default "
        "ON CONFLICT (rule_set_id, effective) DO UPDATE SET definition = excluded.definition",
        definition=json.dumps(definition),
    )


async def records(api: Api, **filters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.get("/api/attendance/records", limit=200, **filters))["items"]
    return items


async def only(api: Api, **filters: Any) -> dict[str, Any]:
    (record,) = await records(api, **filters)
    return record


async def content(database: Database) -> str:
    """Every record and anomaly as text, without what differs between two ways to the same result."""
    rows = await run(
        database,
        "SELECT coalesce((SELECT jsonb_agg(to_jsonb(r) - '{id,version,processed_at,changed_at}'::text[] "
        "  ORDER BY staff_id, work_date) FROM attendance_records r), '[]')::text, "
        "coalesce((SELECT jsonb_agg(to_jsonb(a) - '{id,seen_at}'::text[] "
        "  ORDER BY staff_id, work_date, kind) FROM attendance_anomalies a), '[]')::text",
    )
    return "\n".join(rows[0])
