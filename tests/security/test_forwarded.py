"""Whose address is on record: the one that our own gateway saw, whatever the caller writes."""

from __future__ import annotations

from foundation.outbound import http_client
from tests.browser import signed_in_cookie
from tests.operator import Operator

FORGED = "203.0.113.99"


async def test_an_address_that_the_caller_writes_is_not_believed(
    operator: Operator, two_organisations: tuple[str, str]
) -> None:
    slug = two_organisations[0]
    async with operator.console() as console:
        client = await operator.client(console, slug, ["staff:read"])
    lies = {
        "x-forwarded-for": FORGED,
        "forwarded": f"for={FORGED}",
        "x-real-ip": FORGED,
        "x-client-ip": FORGED,
        "x-forwarded-host": "evil.example",
    }
    async with operator.tenant(client) as api:
        assert (await api.get("/api/devices", headers=lies)).status_code == 403
    cookie = await signed_in_cookie(operator, slug)
    async with http_client(ca_file=operator.ca_file, timeout=30) as http:
        headers = {"cookie": f"__Host-session={cookie}"}
        answer = await http.get(f"{client.api_url}/api/audit", params={"action": "access.refused"}, headers=headers)
        assert answer.status_code == 200, answer.text
        lines = [line for line in answer.json()["items"] if line["actor_id"] == client.client_id]
    assert lines
    assert {line["address"] for line in lines} <= {"127.0.0.1", "::1"}
