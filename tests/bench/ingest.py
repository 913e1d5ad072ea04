"""Rows a second through the bridge's public ADMS address, beside bare batched inserts into the same PostgreSQL.

Both send batches of 50, a transaction each, over the same number of connections; every row is new.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import asyncpg

from control_plane.local.platform import Platform
from tests.bench.figure import Figure
from tests.bench.wire import Wire
from tests.operator import Operator

BATCH = 50
BATCHES = 200
CONNECTIONS = 4
BUDGET_RATIO = 0.5
START = datetime(2026, 10, 1, tzinfo=UTC)

BARE_TABLE = """
CREATE TABLE bare_punches (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, device text NOT NULL, pin text NOT NULL,
  local_time timestamp NOT NULL, status smallint NOT NULL, verify smallint NOT NULL,
  UNIQUE (device, pin, local_time, status))
"""
BARE_INSERT = """
INSERT INTO bare_punches (device, pin, local_time, status, verify)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamp[], $4::smallint[], $5::smallint[])
ON CONFLICT DO NOTHING
"""


def _rows(worker: int, batch: int) -> list[tuple[str, datetime]]:
    """PIN and time of one batch; no two batches share a row."""
    first = (batch * CONNECTIONS + worker) * BATCH
    return [(str(1 + number % 500), START + timedelta(seconds=first + number)) for number in range(BATCH)]


async def measure(platform: Platform, operator: Operator, slug: str) -> list[Figure]:
    async with operator.console() as console:
        client = await operator.client(console, slug)
    async with operator.tenant(client) as api:
        for worker in range(CONNECTIONS):
            document = {"device_serial": f"BENCH{worker:03}", "name": f"Bench {worker}", "connection": "push"}
            answer = await api.post("/api/devices", json=document)
            assert answer.status_code == 201, answer.text
    await _through_the_bridge(operator, client.push_url, batches=10, offset=3 * BATCHES)
    ours = {
        clocks: await _through_the_bridge(operator, client.push_url, batches=BATCHES, offset=offset, clocks=clocks)
        for clocks, offset in ((1, 2 * BATCHES), (CONNECTIONS, 0))
    }
    bare = await _bare(platform)
    return [
        Figure(
            what=f"ADMS ingest, batches of {BATCH}, {clocks} clock(s)",
            value=ours[clocks],
            unit="rows/s",
            baseline=bare[clocks],
            baseline_name=f"bare INSERT … ON CONFLICT, {clocks} connection(s)",
            budget=f"≥ {BUDGET_RATIO} of the baseline",
            within=lambda figure: (figure.ratio or 0) >= BUDGET_RATIO,
        )
        for clocks in (1, CONNECTIONS)
    ]


async def _through_the_bridge(
    operator: Operator, push_url: str, *, batches: int, offset: int, clocks: int = CONNECTIONS
) -> float:
    async def clock(worker: int) -> None:
        wire = Wire(push_url, operator.ca_file)
        await wire.open()
        for batch in range(offset, offset + batches):
            lines = [f"{pin}\t{at:%Y-%m-%d %H:%M:%S}\t0\t1\t0\t0\t0" for pin, at in _rows(worker, batch)]
            body = ("\n".join(lines) + "\n").encode()
            answer = await wire.post(f"/iclock/cdata?SN=BENCH{worker:03}&table=ATTLOG&Stamp=9999", body)
            assert answer.strip() == f"OK: {len(lines)}", answer
        wire.close()

    began = time.monotonic()
    await asyncio.gather(*(clock(worker) for worker in range(clocks)))
    return clocks * batches * BATCH / (time.monotonic() - began)


async def _bare(platform: Platform) -> dict[int, float]:
    """Rows a second over one connection and over all of them."""
    connections = [await asyncpg.connect(platform.postgres.dsn()) for _ in range(CONNECTIONS)]
    await connections[0].execute(BARE_TABLE)

    async def insert(worker: int, first: int, batches: int) -> None:
        connection = connections[worker]
        for batch in range(first, first + batches):
            rows = _rows(worker, batch)
            await connection.execute(
                BARE_INSERT,
                [f"BENCH{worker:03}"] * BATCH,
                [pin for pin, _ in rows],
                [at.replace(tzinfo=None) for _, at in rows],
                [0] * BATCH,
                [1] * BATCH,
            )

    await asyncio.gather(*(insert(worker, 3 * BATCHES, 10) for worker in range(CONNECTIONS)))
    rates = {}
    for workers, first in ((1, 2 * BATCHES), (CONNECTIONS, 0)):
        began = time.monotonic()
        await asyncio.gather(*(insert(worker, first, BATCHES) for worker in range(workers)))
        rates[workers] = workers * BATCHES * BATCH / (time.monotonic() - began)
    await asyncio.gather(*(connection.close() for connection in connections))
    return rates
