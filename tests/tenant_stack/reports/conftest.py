"""An organisation whose people have worked: records made from punches by the rules, three departments, two sites."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from foundation.database import Database
from tests.tenant_stack.actors import Api, Bridge, punch
from tests.tenant_stack.records import everybody_works, process, rules

FIRST = date(2026, 9, 1)
DAYS = 12
NAMES = ("=HYPERLINK(1)", "Ann <b", "+971501234567", "محمد بن عبد الله العلي", "आरती शर्मा", "Ines Müller", "@sum", "Bo")
DEPARTMENTS = ("Sales", "Stores", None)


@pytest.fixture
async def busy(api: Api, bridge: Bridge, database: Database) -> dict[str, Any]:
    """Punches of twelve days: somebody is late, leaves early, stays long, forgets to punch or is away."""
    chance = random.Random(7)
    await everybody_works(database)
    await rules(
        database,
        {"overtime": {"tiers": [{"code": "OT", "basis": "daily", "rate": "1.5", "after": 9 * 3600}]}},
    )
    sites = [
        (await api.post("/api/sites", {"code": code, "name": name, "zone": zone}))["id"]
        for code, name, zone in (("DXB", "Dubai", "Asia/Dubai"), ("MAD", "Madrid", "Europe/Madrid"))
    ]
    await api.add_device()
    staff = []
    for number, name in enumerate(NAMES):
        department = DEPARTMENTS[number % 3]
        more = {"department": department} if department else {}
        staff.append(await api.add_staff(str(100 + number), name=name, site_id=sites[0 if number < 6 else 1], **more))
    lines = []
    for number in range(len(NAMES)):
        for offset in range(DAYS):
            day = FIRST + timedelta(days=offset)
            fate = chance.random()
            if fate < 0.1:
                continue
            begin = datetime.combine(day, datetime.min.time()) + timedelta(
                seconds=9 * 3600 + chance.randint(-900, 2400)
            )
            end = datetime.combine(day, datetime.min.time()) + timedelta(
                seconds=18 * 3600 + chance.randint(-2400, 9000)
            )
            lines.append(punch(str(100 + number), str(begin), 0))
            if fate > 0.18:
                lines.append(punch(str(100 + number), str(end), 1))
    for start in range(0, len(lines), 100):
        await bridge.punches(*lines[start : start + 100])
    await process(database)
    return {"staff": staff, "sites": sites}
