"""A clock of one organisation is refused at the other, and is free when it is removed."""

from __future__ import annotations

import asyncio

from tests.operator import Operator, until

CLOCK = {"device_serial": "CLAIM-0001", "name": "Gate", "connection": "push"}


async def test_a_serial_belongs_to_one_organisation(operator: Operator, two_organisations: tuple[str, str]) -> None:
    async with operator.console() as console:
        alpha, beta = await asyncio.gather(*(operator.client(console, slug) for slug in two_organisations))
    async with operator.tenant(alpha) as first, operator.tenant(beta) as second:
        made = await first.post("/api/devices", json=CLOCK)
        assert made.status_code == 201, made.text
        assert made.json()["claim_state"] == "ours"

        refused = await second.post("/api/devices", json={**CLOCK, "device_serial": "claim-0001"})
        problem = refused.json()
        assert (refused.status_code, problem["code"], problem["field"]) == (409, "serial_claimed", "device_serial")
        assert two_organisations[0] not in refused.text

        removed = await first.delete(f"/api/devices/{made.json()['id']}")
        assert removed.status_code == 204, removed.text

        async def added() -> bool:
            return (await second.post("/api/devices", json=CLOCK)).status_code == 201

        # Sooner than the worker's own round could free it, which waits 30 s after a claim.
        await until(added, what="the serial to be free", seconds=20)
